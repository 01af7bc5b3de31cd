import Core
import Foundation
import Testing

@testable import Commands
@testable import Engine

struct ReportPageTests {
    private let stories: [Story]
    private let page: String

    init() throws {
        stories = [try .succeeded(), try .rolledBack(), try .needsPerson()]
        page = try Self.page(stories)
    }

    private static func page(_ stories: [Story], isIntact: Bool = true, held: Set<String> = []) throws -> String {
        let proof = LogStatement(
            origin: "test.example/log", key: "test.example/log+00000000+AA==",
            checkpoint: "test.example/log\n9\nAAAA\n\n\u{2014} test.example/log BBBB\n", signedSize: 9,
            isIntact: isIntact, verdict: "it <b>verified</b>")
        return ReportPage(
            runs: try stories.map { try $0.history() }, proof: proof, inventory: try #require(Sample.inventory),
            held: held, at: Timestamp(milliseconds: 1_795_390_000_000)
        ).html
    }

    /// What a reader sees of a text.
    private func shown(_ text: String) -> String { HTML.text(text).source }

    @Test("what a node printed is there and is text: no tag, no attribute, no character that deceives")
    func hostile() {
        #expect(!page.lowercased().contains("<script"))
        #expect(!page.contains("<img") && !page.contains("\u{1B}") && !page.contains("\u{202E}"))
        #expect(!page.contains("<b>verified</b>"))
        #expect(page.contains("&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;\n&lt;img src=x"))
        #expect(page.contains("&lt;script&gt;alert(&#39;approved&#39;)&lt;/script&gt;"))
        let tags = page.matches(of: /<\/?([^\s>\/]+)/).map { String($0.1) }
        let own: Set = [
            "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "main", "nav", "article", "section", "header",
            "footer", "h1", "h2", "h3", "p", "b", "span", "a", "ol", "ul", "li", "dl", "dt", "dd", "div", "blockquote",
            "code", "pre", "time", "details", "summary", "table", "thead", "tbody", "tr", "th", "td",
        ]
        #expect(Set(tags).subtracting(own) == [])
    }

    @Test("nothing is fetched, nothing runs, and only the page's own style counts")
    func policy() throws {
        let digest = try #require(page.firstMatch(of: /style-src &#39;sha256-([^&]+)&#39;/)).1
        let css = try #require(page.firstMatch(of: /<style>(.*?)<\/style>/.dotMatchesNewlines())).1
        let bytes = try #require(Base64.decode(digest))
        #expect(
            bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == Digest.sha256(css.utf8))
        #expect(page.contains("default-src &#39;none&#39;; style-src"))
        #expect(!css.contains("url(") && !css.contains("@import") && !css.contains("expression"))
        #expect(!page.contains(" src=") || page.contains("&lt;img src="))
        #expect(page.matches(of: /href="([^#])/).isEmpty && page.matches(of: /<[^>]* (on\w+|style)=/).isEmpty)
    }

    @Test("every tag that is opened is closed, in order")
    func wellFormed() {
        var open: [Substring] = []
        for tag in page.matches(of: /<(\/?)([a-z][a-z0-9]*)[^>]*>/) where tag.2 != "meta" {
            if tag.1.isEmpty { open.append(tag.2) } else { #expect(open.popLast() == tag.2) }
        }
        #expect(open.isEmpty)
    }

    @Test("each entry of the log is told once where it happened, and stands in the proof with its leaf hash")
    func everyEntry() throws {
        for story in stories {
            let alone = try Self.page([story])
            for line in EntriesView(entries: story.records).jsonLines.split(separator: "\n") {
                struct Line: Decodable {
                    let index: UInt64
                    let leafHash: String
                }
                let entry = try JSON.decode(Line.self, from: Array(line.utf8))
                #expect(alone.contains("<td class=\"hash\">\(entry.leafHash)</td>"))
                #expect(alone.contains("<tr id=\"entry-\(entry.index)\"><td class=\"number\">\(entry.index)</td>"))
                let timelines = alone.split(separator: "<h2>").first { $0.hasPrefix("What happened") } ?? ""
                #expect(timelines.ranges(of: ">#\(entry.index)</a>").count == 1)
            }
        }
    }

    @Test("each step, approval, decision and finding is there")
    func recorded() throws {
        for story in stories {
            for item in try story.history().nodes.flatMap(\.items) + story.history().whole {
                #expect(page.contains("<span>\(shown(item.title))</span>"))
                if let result = item.result { #expect(page.contains("<p class=\"result\">\(shown(result))</p>")) }
                for line in item.output?.lines ?? [] { #expect(page.contains(shown(line))) }
            }
        }
        #expect(page.contains("<b>approved by bob</b>"))
        #expect(page.contains("<blockquote>the limits are what we agreed on in CHG-4711</blockquote>"))
        #expect(page.contains("<b>Asked to plan</b>") && page.contains("<b>Asked to execute</b>"))
        for words in [
            "<b>warning by drain-first (hard)</b><code>policies/drain.yaml:12</code>",
            "worker-1, step &#39;restart&#39;: the node has 3 pods", "facts.pods = 3", "→ Drain it first",
        ] { #expect(page.contains(words), "\(words)") }
    }

    @Test("what is done is told with time, duration, status, output and diff")
    func item() throws {
        let alone = try Self.page([stories[1]])
        let start = try #require(alone.range(of: "<li class=\"bad\"><time"))
        let end = try #require(alone.range(of: "</li>", range: start.upperBound..<alone.endIndex))
        #expect(
            alone[start.lowerBound..<end.upperBound] == """
                <li class="bad"><time datetime="2026-11-22T18:06:22.000Z" title="2026-11-22T18:06:22.000Z">18:06:22Z</time>\
                <div><p class="title"><span>running step &#39;restart&#39;: service.restart, 1 command</span>\
                <span class="marks"><span class="mark">1 min 4 s</span><span class="mark bad">status 1</span>\
                <a class="entry" href="#entry-15">#15</a><a class="entry" href="#entry-16">#16</a></span></p>\
                <p class="result">command 1 ended with status 1</p>\
                <details><summary>planned change, 2 fields</summary><p class="field">activeState</p>\
                <pre class="diff"><span class="removed">- failed</span><span class="added">+ active</span></pre>\
                <p class="field">mainPid (changes by itself: a new process has a new PID)</p>\
                <pre class="diff"><span class="removed">- 0</span><span class="added">+ a new process</span></pre></details>\
                <details open=""><summary>output, 4 lines</summary><pre>\
                &lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;
                &lt;img src=x onerror=alert(2)&gt;\\u{1b}[2J\\u{202e}gnp.exe
                &quot; onclick=&#39;x&#39; &amp;amp;
                =cmd|&#39; /C calc&#39;!A0</pre></details></div></li>
                """)
    }

    @Test("what is still there is said with the way back; what a later run took back is not")
    func inPlace() throws {
        #expect(page.contains("<li>nothing that this run did</li>"))
        #expect(
            page.contains(
                "<li>worker-1: step &#39;replace&#39; (file.replace), step &#39;restart&#39; (service.restart)</li>"))
        #expect(page.contains("To go back later: `belay rollback 20261122-180000-ab12`"))
        #expect(page.contains("<li>worker-1, or may be: step &#39;replace&#39; (file.replace)</li>"))
        #expect(page.contains("$ belay resolve 20261124-101500-ef56 worker-1 --as before"))
        let back = try Story.succeeded(rollingBack: stories[0].plan.id)
        let store = RunStore(stories[0].records + back.records)
        let history = RunHistory(try store.run(stories[0].plan.id), among: store.runs)
        #expect(
            StillInPlace(history).lines
                == ["worker-1", "worker-2"].map { "\($0): taken back since by run \(back.plan.id)" })
    }

    @Test("a secret that a node printed is not shown")
    func secrets() throws {
        var story = Story(id: "20261125-000000-aa11", [Sample.node([Sample.restart()])])
        try story.begin()
        try story.enter("worker-1")
        try story.run("worker-1", 0, output: "-----BEGIN PRIVATE KEY-----\nMIIE\n")
        let alone = try Self.page([story])
        #expect(!alone.contains("MIIE") && alone.contains("(masked: 33 bytes, sha256 "))
    }

    @Test("checks that fail are told one by one and in full")
    func failures() throws {
        var story = Story(id: "20261125-000000-aa11", [Sample.node([Sample.restart()])])
        try story.begin()
        try story.enter("worker-1")
        let failures = ["a == 1: a is <2>", String(repeating: "x", count: 400)]
        try story.add("worker-1", .verified(step: nil, failures: failures))
        #expect(try Self.page([story]).contains("<pre>a == 1: a is &lt;2&gt;\n\(failures[1])</pre>"))
    }

    @Test("a log that does not verify, and a run that goes on, are said first")
    func alarms() throws {
        let alone = try Self.page([stories[2]], isIntact: false, held: [stories[2].plan.id])
        #expect(alone.contains("<p class=\"alarm\">The log does not verify: it &lt;b&gt;verified&lt;/b&gt;</p>"))
        #expect(alone.contains("<p class=\"alarm\">It is under way in another process.</p>"))
        #expect(!alone.contains("The way back"))
        #expect(!page.contains("\"alarm\""))
    }

    @Test("the proof has origin, key, the checkpoint word for word, what it covers, and how to verify")
    func proof() {
        for words in [
            "<dd>test.example/log</dd>", "<dd>test.example/log+00000000+AA==</dd>",
            "test.example/log\n9\nAAAA\n\n— test.example/log BBBB</pre>",
            "belay audit verify DIR --key test.example/log+00000000+AA==",
            "belay audit log --run 20261122-180000-ab12 -o json",
        ] { #expect(page.contains(words), "\(words)") }
        #expect(page.ranges(of: "<td>yes</td>").count == 3 * 9)
    }
}
