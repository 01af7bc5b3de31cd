import Core
import Testing

@testable import Commands

struct EntriesTableTests {
    @Test(
        "a cell is no formula, holds no control character, and is quoted where it has to be",
        arguments: [
            ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("  =1", "'  =1"),
            ("＝1", "'＝1"), ("=\u{301}1", "'=\u{301}1"), ("=cmd|' /C calc'!A0,\"", "\"'=cmd|' /C calc'!A0,\"\"\""),
            ("a\r\nb\tc", "a\\u{d}\\nb\\tc"), ("\t=1", "\\t=1"), ("a=1", "a=1"),
            ("a,\u{301}b", "\"a,\u{301}b\""), ("\"\u{301},=1", "\"\"\"\u{301},=1\""),
        ])
    func cells(text: String, cell: String) {
        #expect(EntriesTable.cell(text) == cell)
    }

    @Test("each entry is one line under the header, ended by CR LF, with what it is about")
    func table() throws {
        let story = try Story.rolledBack()
        let csv = EntriesTable(entries: story.records, plans: story.store.plans).csv
        let lines = csv.split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.count == story.records.count + 2 && lines.last == "")
        #expect(lines[0] == "index,at,by,run,node,type,runbook,step,action,outcome,summary")
        #expect(
            lines[17]
                == "16,2026-11-22T18:07:26.000Z,alice@laptop:7,20261123-090000-cd34,worker-1,outcome,restart-kubelet,"
                + "restart,service.restart,1,\"outcome of running step 'restart': service.restart, 1 command: command 1 "
                + "ended with status 1\"")
    }
}
