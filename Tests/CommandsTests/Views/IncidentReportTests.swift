import Core
import Foundation
import Testing
import TransparencyLog

@testable import Commands
@testable import Engine

/// The report of an incident, from a log on disk whose people and nodes try to write the page themselves.
@Suite("the report of an incident", .timeLimit(.minutes(2)))
struct IncidentReportTests {
    private let folder: Folder
    private var log: String { folder.path + "/log" }

    /// What ends fences, spans, quotations and tables, or begins something of its own.
    private static let forged =
        "a](http://evil.example) ![x](y) <img src=x onerror=alert(1)> `b` ``` **bold** _it_ ~~s~~ | c | &lt; www.evil.example # h"
    private static let lines =
        "first\n# Forged heading\n## What was done\n- list\n1. one\n====\n---\n```\n````\n~~~\n<script>alert(1)</script>\n    code\n| t |\n> q\n[l]: http://evil.example"

    init() async throws {
        folder = try Folder()
        try folder.makeProject()
    }

    private static func triaged() throws -> TriageRecord {
        var answer = try EntrySchemaTests.triaged()
        answer.scope.names = [forged]
        answer.findings[0].title = forged
        answer.findings[0].rule = forged
        answer.findings[0].runbooks = [forged]
        answer.findings[0].consequences = [forged]
        answer.findings[0].places[0].subject = forged
        answer.findings[0].places[0].evidence = [
            "```", "````", "~~~", "</code></pre><script>alert(1)</script>", "# Forged",
        ]
        return answer
    }

    /// An incident with everything in it: what triage said, a run that rolled back with hostile output, notes, an end.
    private func write(_ more: [LogEvent] = []) async throws {
        let run = try await RunLog.open(
            directory: log, origin: "test.example/log", clock: SystemClock(), by: "test@here:1")
        try await run.append(
            .incidentStarted(try IncidentStart(id: "INC-1", title: Self.forged)), by: "al`ice@lap|top:1", run: nil)
        try await run.append(.triaged(try Self.triaged()), by: "alice@laptop:1", run: nil)
        let story = try Story.rolledBack()
        try await story.append(to: run.log)
        try await run.append(.incidentTied(IncidentTie(incident: "INC-1")), by: "alice@laptop:1", run: story.plan.id)
        try await run.append(
            .incidentNoted(try IncidentNote(incident: "INC-1", text: Self.lines)), by: "bob@laptop:1", run: nil)
        for event in more { try await run.append(event, by: "bob@laptop:1", run: nil) }
        try await run.append(
            .incidentClosed(try IncidentClosing(incident: "INC-1", summary: Self.lines)), by: "bob@laptop:1", run: nil)
        _ = try await run.log.checkpoint()
        await run.log.close()
    }

    private func report(_ arguments: String...) async -> (exit: Exit, output: String, complaints: String) {
        let recorder = Recorder()
        let exit = await Commands.run(["-C", folder.path, "incident", "report"] + arguments) { _ in recorder.terminal }
        return (exit, recorder.output, recorder.complaints)
    }

    /// The page as CommonMark reads its blocks: what stands in fences, and what stands outside.
    private static func read(_ page: String) -> (outside: [String], fenced: [String]) {
        var (outside, fenced): ([String], [String]) = ([], [])
        var fence: Int?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            let run = line.prefix { $0 == "`" }.count
            if let open = fence {
                if run >= open, line.count == run { fence = nil } else { fenced.append(line) }
            } else if run >= 3, !line.dropFirst(run).contains("`") {
                fence = run
            } else {
                outside.append(line)
            }
        }
        #expect(fence == nil, "a fence is open at the end")
        return (outside, fenced)
    }

    /// A line without code spans and escapes, as CommonMark finds them.
    private static func bare(_ line: String) -> String {
        let scalars = Array(line.unicodeScalars)
        func run(_ start: Int) -> Int { scalars[start...].prefix { $0 == "`" }.count }
        var (result, index) = ("", 0)
        while index < scalars.count {
            if scalars[index] == "\\", index + 1 < scalars.count {
                result += "E"
                index += 2
                continue
            }
            let length = run(index)
            guard length > 0 else {
                result.unicodeScalars.append(scalars[index])
                index += 1
                continue
            }
            var end = index + length
            while end < scalars.count, run(end) != length { end += max(1, run(end)) }
            result += end < scalars.count ? "SPAN" : String(repeating: "`", count: length)
            index = end < scalars.count ? end + length : index + length
        }
        return result
    }

    @Test("nothing that a node printed or a person wrote is read as Markdown or HTML, or ends a fence")
    func hostile() async throws {
        try await write()
        let report = await report("INC-1")
        #expect(report.exit == .done && report.complaints == "", "\(report)")
        let (outside, fenced) = Self.read(report.output)
        #expect(fenced.contains("| ```") && fenced.contains("| </code></pre><script>alert(1)</script>"), "\(fenced)")
        #expect(fenced.contains { $0.contains("<img src=x onerror=alert(2)>") })
        #expect(fenced.allSatisfy { $0.hasPrefix("| ") }, "\(fenced)")

        for line in outside {
            let bare = Self.bare(line).replacing("**", with: "")
            let text = bare.replacing(/^(?:> |>$|- |  - |#{1,4} |---$)/, with: "")
            #expect(!text.contains(/[<>`*_\[\]|~]|:\/\/|www\./), "\(line)")
            #expect(line.hasPrefix("#### 1. ") || !text.contains(/^(?:#|[-+] |=+$|-+$|\d+[.)] )/), "\(line)")
        }
        let headings = outside.filter { $0.hasPrefix("#") }.map { $0.prefix { $0 != " " } }
        #expect(headings == ["#", "##", "###", "####", "##", "###", "##", "##"], "\(outside)")
        #expect(outside.contains("> \\# Forged heading  ") && outside.contains("> 1\\. one  "), "\(outside)")
        #expect(report.output.contains("> &lt;script&gt;alert(1)&lt;/script&gt;"))
    }

    @Test(
        "it says what was found, what was done and by whom, in the log's order, with the entries and how to verify them"
    )
    func whole() async throws {
        try await write()
        let page = await report("INC-1").output
        let story = try Story.rolledBack()
        for words in [
            "- Opened: ", "(entry 1)", "- Closed: ", "trouble on ", "Not looked at: `m`.", "… and on 3 more.",
            "… and 4 lines more.", "… and 1 finding more.",
            "### Run `\(story.plan.id)`: `restart-kubelet` on `worker-1`",
            "Planned at 2026-11-22T18:00:00Z by `alice`", "Approved by `bob`", "**rolled back**, after ",
            "Undone: step 'restart', step 'replace'", "Still in place: nothing that this run did",
            "`worker-1` printed at entry ", "the audit log `test.example/log`, tree size ", "it verified with ",
            "`belay audit verify DIR --key test.example/log+",
        ] { #expect(page.contains(words), "\(words): \(page)") }
        let timeline = page.split(separator: "\n").drop { $0 != "## Timeline" }.compactMap {
            $0.firstMatch(of: /· entry (\d+)/).flatMap { Int($0.1) }
        }
        #expect(timeline.count > 15 && timeline == timeline.sorted() && timeline.first == 1, "\(timeline)")
        let size = try #require(page.firstMatch(of: /tree size (\d+)/).flatMap { UInt64($0.1) })
        #expect(try LogVerifier.verify(directory: log).entries == size)
    }

    @Test("as JSON it has the same, for programs")
    func json() async throws {
        try await write()
        let report = await report("INC-1", "-o", "json")
        let tree = try #require(try JSONSerialization.jsonObject(with: Data(report.output.utf8)) as? [String: Any])
        #expect((tree["incident"] as? [String: Any])?["id"] as? String == "INC-1")
        #expect((tree["triage"] as? [Any])?.count == 1 && (tree["notes"] as? [Any])?.count == 1)
        let run = try #require((tree["runs"] as? [[String: Any]])?.first)
        #expect(run["approvedBy"] as? [String] == ["bob"])
        #expect((run["undone"] as? [String: [String]])?["worker-1"]?.count == 2)
        #expect((tree["log"] as? [String: Any])?["isIntact"] as? Bool == true)
    }

    @Test("what was erased is named where it stood, and the rest is still told")
    func erased() async throws {
        let secret = try IncidentNote(incident: "INC-1", text: "the token=abcdef0123456789 was in the ticket")
        try await write([.incidentNoted(secret)])
        #expect(await !report("INC-1").output.contains("is erased"))
        let entries = try await RecordReader(directory: log).records()
        let entry = try #require(entries.last { $0.record.type == "incident.noted" })
        let blob = try #require(entry.record.blob)
        let recorder = Recorder()
        #expect(
            await recorder.belay("-C", folder.path, "audit", "erase", blob.commitment, "--reason", "it was a token")
                == .done)
        let page = await report("INC-1").output
        #expect(
            page.contains("> the token=\\[redacted\\] was in the ticket\n\nWhat was hidden of this note is erased"),
            "\(page)")
        #expect(!page.contains("abcdef0123456789") && page.contains("### Run `"))
    }

    @Test("a run whose plan is erased is named, and nothing is said of it that nobody knows")
    func erasedPlan() async throws {
        let run = try await RunLog.open(
            directory: log, origin: "test.example/log", clock: SystemClock(), by: "test@here:1")
        try await run.append(.incidentStarted(try IncidentStart(id: "INC-1", title: "t")), by: "a", run: nil)
        var plan = Sample.plan([Sample.node([Sample.restart()])])
        plan.reason = String(repeating: "alice lives at 12 Elm Street. ", count: 3000)
        let bytes = try JSON.encodePretty(plan)
        let record = PlannedRecord(plan: Payload(bytes: bytes), planSha256: Digest.sha256(bytes), signature: "none")
        try await run.append(.planned(record), by: "alice", run: plan.id)
        try await run.append(.incidentTied(IncidentTie(incident: "INC-1")), by: "alice", run: plan.id)
        let blob = try #require(try await run.records().first { $0.record.type == "plan" }?.record.blob)
        _ = try await run.log.checkpoint()
        #expect(await report("INC-1").output.contains("### Run `\(plan.id)`: `restart-kubelet`"))
        try await run.log.blobs.erase(BlobReference(blob))
        await run.log.close()
        let page = await report("INC-1").output
        #expect(page.contains("### Run `\(plan.id)`\n\nIt cannot be read any more: its plan is erased"), "\(page)")
    }

    @Test("a report of a log that does not verify says so first, and exits with 9")
    func damaged() async throws {
        try await write()
        try "nonsense".write(toFile: log + "/checkpoint", atomically: true, encoding: .utf8)
        let report = await report("INC-1")
        #expect(report.exit == .logNotIntact)
        #expect(report.output.split(separator: "\n")[1].hasPrefix("**THE LOG DOES NOT VERIFY:** "), "\(report.output)")
    }

    @Test(
        "a code span and a fence are longer than any run of backticks in them",
        arguments: [
            ("a", "`a`"), ("", "(blank)"), ("`", "`` ` ``"), ("a``b", "```a``b```"), ("`a", "`` `a ``"),
            ("a\nb", "`a\\nb`"),
        ])
    func spans(text: String, expected: String) {
        #expect(Markdown.code(text) == expected)
        let block = Markdown.block(["x", text, "`````"])
        #expect(block.first == "``````text" && block.last == "``````" && block.count == 5)
    }
}
