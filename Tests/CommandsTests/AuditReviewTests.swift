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
        let arguments = ["log", "--until", "2026-11-22T18:00:02Z", "--type", "decided"]
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
                26,2026-11-22T18:07:31.000Z,alice@laptop:7,20261123-090000-cd34,,finished,restart-kubelet,,,rolledBack,\
                run ended: rolled back\r

                """)
        #expect(await audit("export", "--format", "xml") == .usage)
    }
}
