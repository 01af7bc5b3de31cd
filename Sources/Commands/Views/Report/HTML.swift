/// A piece of a page. Text becomes safe when it goes in, and there is no other way in: names of tags and attributes are
/// literals of this program, so nothing that a node printed can become markup.
struct HTML: Sendable, Hashable {
    /// The markup.
    let source: String

    private init(source: String) { self.source = source }

    /// Nothing.
    static let none = HTML(source: "")

    /// Text: what a terminal or a reader would be deceived by is spelled out as `\u{…}`, and long text is cut.
    static func text(_ text: String) -> HTML { HTML(source: escaped(text)) }

    /// Lines of text, for an element that keeps line breaks.
    static func lines(_ lines: [String]) -> HTML {
        HTML(source: lines.map(escaped).joined(separator: "\n"))
    }

    /// A style sheet; only one that this program has.
    static func style(_ css: StaticString) -> HTML { HTML(source: "<style>\(css)</style>") }

    /// An element and what is in it.
    static func tag(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], _ children: [HTML]
    ) -> HTML {
        HTML(source: opening(name, attributes) + children.map(\.source).joined() + "</\(name)>")
    }

    /// An element of a class.
    static func tag(_ name: StaticString, _ kind: String, _ children: [HTML]) -> HTML {
        tag(name, ["class": kind], children)
    }

    /// An element of a class that holds text.
    static func tag(_ name: StaticString, _ kind: String, _ text: String) -> HTML { tag(name, kind, [.text(text)]) }

    /// An element that has no end and nothing in it.
    static func void(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) -> HTML {
        HTML(source: opening(name, attributes))
    }

    /// What is to be read at once, and what when it is opened; needs no script.
    static func details(_ summary: String, isOpen: Bool = false, _ children: [HTML]) -> HTML {
        tag("details", isOpen ? ["open": ""] : [:], [.tag("summary", [:], [.text(summary)])] + children)
    }

    /// A whole document.
    static func document(head: [HTML], body: [HTML]) -> String {
        let root = tag("html", ["lang": "en"], [.tag("head", [:], head), .tag("body", [:], body)])
        return "<!DOCTYPE html>\n\(root.source)\n"
    }

    private static func opening(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) -> String {
        "<\(name)" + attributes.map { " \($0.key)=\"\(escaped($0.value))\"" }.joined() + ">"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.printable.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
