import Core
import Foundation
import Testing

@testable import Commands
@testable import Engine

struct EntryFilterTests {
    private func admits(_ filter: EntryFilter, by: String = "alice@laptop:7") throws -> Bool {
        let record = LogRecord(
            at: Timestamp(milliseconds: 1000), by: by, run: "2026-a", node: "n1", event: .run(.unchanged(step: 0)))
        return filter.admits(IndexedRecord(index: 0, record: record, bytes: try JSON.encode(record)), plan: nil)
    }

    @Test("entries are filtered by node, person, time and run; an executor counts as its user")
    func plain() throws {
        let instant = Timestamp(milliseconds: 1000)
        #expect(try admits(EntryFilter()))
        #expect(try admits(EntryFilter(node: "n1", user: "alice", since: instant, until: instant, run: "2026")))
        #expect(try !admits(EntryFilter(node: "n")))
        #expect(try !admits(EntryFilter(user: "ali")))
        #expect(try admits(EntryFilter(user: "alice"), by: "alice"))
        #expect(try !admits(EntryFilter(since: Timestamp(milliseconds: 1001))))
        #expect(try !admits(EntryFilter(until: Timestamp(milliseconds: 999))))
        #expect(try !admits(EntryFilter(run: "2027")))
    }

    private func types(_ story: Story, _ filter: EntryFilter) -> [String] {
        story.records.filter { filter.admits($0, plan: story.plan) }.map(\.record.type)
    }

    @Test("a runbook, an action and an outcome are found through the run's plan, and all that is given must fit")
    func aboutSteps() throws {
        let story = try Story.rolledBack()
        #expect(types(story, EntryFilter(runbook: "restart-kubelet")).count == story.records.count)
        #expect(types(story, EntryFilter(runbook: "restart")) == [])
        #expect(
            types(story, EntryFilter(action: "service.restart"))
                == ["observed", "intent", "outcome", "intent", "outcome"])
        #expect(types(story, EntryFilter(action: "service.restart", outcome: "1")) == ["outcome"])
        #expect(types(story, EntryFilter(action: "file.replace", outcome: "1")) == [])
    }

    @Test(
        "an outcome is a word or an exit status, however it is written",
        arguments: [
            ("rolled-back", ["node.state", "run.end"]), ("rolledBack", ["node.state", "run.end"]),
            ("Rolled Back", ["node.state", "run.end"]), ("1", ["outcome"]), ("approved", ["approval"]),
            ("allowed", ["decision", "decision", "judged"]), ("released", ["outcome"]), ("back", []),
        ] as [(String, [String])])
    func outcomes(word: String, expected: [String]) throws {
        #expect(types(try Story.rolledBack(), EntryFilter(outcome: word)) == expected)
    }

    @Test("a type is matched whole, a text anywhere in the entry's JSON, in capitals or not")
    func typeAndText() throws {
        let story = try Story.succeeded()
        #expect(types(story, EntryFilter(type: "approval")) == ["approval"])
        #expect(types(story, EntryFilter(type: "app")) == [])
        #expect(types(story, EntryFilter(text: "chg-4711")) == ["approval"])
        #expect(types(story, EntryFilter(type: "run.end", text: "SUCCEEDED")) == ["run.end"])
        #expect(types(story, EntryFilter(text: "no such text")) == [])
    }

    @Test("a text is found in an event that was read back from its blob")
    func textInBlob() throws {
        var record = LogRecord(
            at: Timestamp(milliseconds: 0), by: "a", run: "r", node: "n",
            event: .run(.nodeState(.needsPerson, reason: "The Disk is full")))
        let event = record.event
        record.event = nil
        record.blob = BlobName(commitment: Sample.sha256, length: 90_000)
        var entry = IndexedRecord(index: 0, record: record, bytes: try JSON.encode(record))
        #expect(!EntryFilter(text: "disk is").admits(entry, plan: nil))
        entry.record.event = event
        #expect(EntryFilter(text: "disk is").admits(entry, plan: nil))
    }
}
