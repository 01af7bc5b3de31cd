import Testing

@testable import Commands

struct HTMLTests {
    @Test("text cannot become markup, in an element or in an attribute, and hides nothing")
    func text() {
        let hostile = "<script>&\"'</p>\u{202E}\u{1B}[2J\u{0}\u{200B}\n"
        let safe = "&lt;script&gt;&amp;&quot;&#39;&lt;/p&gt;\\u{202e}\\u{1b}[2J\\u{0}\\u{200b}\\n"
        #expect(HTML.text(hostile).source == safe)
        #expect(HTML.tag("p", "a", hostile).source == "<p class=\"a\">\(safe)</p>")
        #expect(HTML.tag("a", ["href": hostile], []).source == "<a href=\"\(safe)\"></a>")
        #expect(HTML.lines(["<b>", "x\ny"]).source == "&lt;b&gt;\nx\\ny")
    }

    @Test("a sign joined to a combining mark is escaped all the same")
    func combining() {
        #expect(HTML.text("<\u{338}script>").source == "&lt;\u{338}script&gt;")
    }

    @Test("a document is of HTML, and details open without a script")
    func document() {
        let page = HTML.document(head: [.style("a{}")], body: [.details("more", isOpen: true, [.text("x")])])
        #expect(
            page == "<!DOCTYPE html>\n<html lang=\"en\"><head><style>a{}</style></head><body><details open=\"\">"
                + "<summary>more</summary>x</details></body></html>\n")
    }
}
