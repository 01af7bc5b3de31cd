import Core
import Engine
import Foundation
import Testing

@testable import Commands

/// The verbs that read the log for a reviewer, over a log on disk.
struct AuditReviewTests {
    private let recorder = Recorder()
    private let folder: Folder

    init() async throws {
        folder = try Folder()
        try folder.makeProject()
        try await Story.rolledBack().write(to: folder.path + "/log")
    }

    private func audit(_ arguments: String...) async -> Exit {
        await Commands.run(["-C", folder.path, "audit"] + arguments) { _ in recorder.terminal }
    }

    @Test("filters of audit log combine")
    func log() async {
        #expect(await audit("log", "--action", "service.restart", "--outcome", "1", "--text", "ALERT(1)") == .done)
        #expect(recorder.output.split(separator: "\n").count == 1)
        #expect(recorder.output.hasPrefix("   16 2026-11-22T18:07:26Z 20261123-090000-cd34 worker-1 outcome of"))
        let second = Recorder()
        let arguments = ["log", "--until", "2026-11-22T18:00:02Z", "--type", "decision"]
        #expect(await Commands.run(["-C", folder.path, "audit"] + arguments) { _ in second.terminal } == .done)
        #expect(second.output.hasPrefix("    1 ") && second.output.split(separator: "\n").count == 1)
    }

    @Test("times that leave nothing between them are refused")
    func times() async {
        #expect(await audit("log", "--since", "2026-11-22T18:00:01Z", "--until", "2026-11-22T18:00:00Z") == .usage)
        #expect(recorder.complaints.contains("--until 2026-11-22T18:00:00Z is before --since 2026-11-22T18:00:01Z"))
        #expect(await audit("log", "--until", "soon") == .usage)
        #expect(recorder.complaints.contains("--until 'soon' is no time"))
    }

    @Test("show takes an index where the log has it, else the beginning of a run's id")
    func show() async {
        #expect(await audit("show", "16") == .done)
        #expect(recorder.output.hasPrefix("Entry 16\nleaf hash "))
        #expect(await audit("show", "2026") == .done)
        #expect(recorder.output.contains("Run 20261123-090000-cd34 Raise the kubelet's image limits\n"))
        #expect(await audit("show", "2027") == .usage)
        #expect(recorder.complaints.contains("the log has no entry 2027, and no run whose id begins so"))
        #expect(await audit("show", "nobody") == .usage)
        #expect(recorder.complaints.contains("the log has no run 'nobody'"))
    }

    @Test("export gives the bytes of audit log -o json, or a table")
    func export() async throws {
        let log = Recorder()
        #expect(await log.belay("-C", folder.path, "audit", "log", "--type", "outcome", "-o", "json") == .done)
        #expect(await audit("export", "--format", "jsonl", "--type", "outcome") == .done)
        #expect(recorder.output == log.output && !log.output.isEmpty)
        let table = Recorder()
        #expect(await table.belay("-C", folder.path, "audit", "export", "--format", "csv", "--last", "1") == .done)
        #expect(
            table.output == """
                index,at,by,run,node,type,runbook,step,action,outcome,summary\r
                26,2026-11-22T18:07:31.000Z,alice@laptop:7,20261123-090000-cd34,,run.end,restart-kubelet,,,rolledBack,\
                run ended: rolled back\r

                """)
        #expect(await audit("export", "--format", "xml") == .usage)
    }

    @Test("a report is one page with the log's own key and checkpoint; what cannot be is refused and writes nothing")
    func report() async throws {
        let file = folder.path + "/report.html"
        for (arguments, words) in [
            (["--html", file], "no run is named"), (["1999", "--html", file], "the log has no run '1999'"),
            (["2026", "--since", "2026-11-23T00:00:00Z", "--html", file], "no such run was planned since then"),
            (["2026", "--html", folder.path + "/none/x.html"], "/none/x.html cannot be written"),
        ] {
            let recorder = Recorder()
            #expect(
                await Commands.run(["-C", folder.path, "audit", "report"] + arguments) { _ in recorder.terminal }
                    == .usage)
            #expect(recorder.complaints.contains(words), "\(recorder.complaints)")
        }
        #expect(!FileManager.default.fileExists(atPath: file))
        #expect(await audit("report", "2026", "--html", file) == .done)
        #expect(recorder.output == "\(file): 1 run\n")
        let page = try String(contentsOfFile: file, encoding: .utf8)
        let checkpoint = try String(contentsOfFile: folder.path + "/log/checkpoint", encoding: .utf8)
        #expect(page.contains(HTML.lines(checkpoint.printableLines).source))
        let key = try String(contentsOfFile: folder.path + "/log/keys/log.vkey", encoding: .utf8)
        #expect(page.contains("<dd>\(key.trimmingCharacters(in: .whitespacesAndNewlines))</dd>"))
        #expect(page.contains("it verified with 27 entries, of which 27 are signed") && !page.contains("not yet</td>"))
        #expect(await audit("report", "--since", "2026-11-22T00:00:00Z", "--html", file) == .done)
    }

    @Test("the key that the project names is the one a report verifies with")
    func projectKey() async throws {
        let file = folder.path + "/report.html"
        let own = try String(contentsOfFile: folder.path + "/log/keys/log.vkey", encoding: .utf8)
        func name(_ key: String) throws {
            _ = try folder.write(
                "apiVersion: belay/v1\nkind: Configuration\n"
                    + "log: {directory: log, origin: test.example/log, reads: false, key: '\(key)'}\n", to: "belay.yaml"
            )
        }
        try name(own.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(await audit("report", "2026", "--html", file) == .done)
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("The key above is the project&#39;s."))
        // The key of another log, whose name is the same.
        try await Story.rolledBack().write(to: folder.path + "/other")
        let other = try String(contentsOfFile: folder.path + "/other/keys/log.vkey", encoding: .utf8)
        try name(other.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(await audit("report", "2026", "--html", file) == .logNotIntact)
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("The log does not verify: "))
    }

    @Test("a report of a log that does not verify says so, and exits with 9")
    func damaged() async throws {
        let checkpoint = folder.path + "/log/checkpoint"
        try "nonsense".write(toFile: checkpoint, atomically: true, encoding: .utf8)
        let file = folder.path + "/report.html"
        #expect(await audit("report", "2026", "--html", file) == .logNotIntact)
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("\"alarm\">The log does not verify: "))
    }

    @Test("reindex says how much it indexed; where no index can be kept, filters read the log and say so")
    func index() async throws {
        #expect(await audit("reindex") == .done)
        #expect(recorder.output.hasPrefix("indexed 27 entries in "))
        let file = folder.path + "/log.index.sqlite"
        let (indexed, read) = (Recorder(), Recorder())
        let arguments = ["-C", folder.path, "audit", "export", "--format", "csv", "--text", "alert(1)", "--last", "2"]
        #expect(await Commands.run(arguments) { _ in indexed.terminal } == .done)
        #expect(indexed.complaints == "" && indexed.output.split(separator: "\r\n").count > 1)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        #expect(await Commands.run(arguments) { _ in read.terminal } == .done)
        #expect(read.output == indexed.output && read.complaints.contains("the log itself is read instead"))
        #expect(await audit("reindex") == .done)
        #expect(recorder.complaints == "")
    }

    @Test("there is nothing to index before there is a log")
    func nothingToIndex() async throws {
        try FileManager.default.removeItem(atPath: folder.path + "/log")
        #expect(await audit("reindex") == .usage)
        #expect(recorder.complaints.contains("there is no log in "))
        #expect(await audit("log", "--node", "n1") == .done)
        #expect(try !FileManager.default.contentsOfDirectory(atPath: folder.path).contains("log.index.sqlite"))
    }
}
