import Core
import Testing

@testable import Commands
@testable import Engine

struct RunReadingViewTests {
    private func text(_ story: Story, isHeld: Bool = false) throws -> String {
        RunReadingView(history: try story.history(), inventory: try #require(Sample.inventory), isHeld: isHeld)
            .text(.plain)
    }

    @Test("a run that rolled back reads from who asked to what is left")
    func rolledBack() throws {
        #expect(
            try text(.rolledBack()) == """
                Run 20261123-090000-cd34 Raise the kubelet's image limits
                  asked by  alice
                  at        2026-11-22T18:00:00Z
                  runbook   restart-kubelet
                  with      service=kubelet
                  why       bob: <script>alert('approved')</script>
                  cluster   prod (production)
                  nodes     worker-1
                  began     2026-11-22T18:06:13Z
                  ended     rolled back at 2026-11-22T18:07:31Z, after 1 min 17 s
                  plan      sha256 c7a2b91b7273635552391ceda93c185019569ff4ebea34c993c349c78e709222

                Approvals
                  approved by bob at 2026-11-22T18:05:13Z, good until 2026-11-22T22:00:01Z: <script>alert('approved')</script>

                Policies, asked to plan 2026-11-22T18:00:01Z
                  ALLOWED for alice by the grant default-grant-sre; 2 policies spoke to it
                    warning by drain-first (hard) policies/drain.yaml:12
                      worker-1, step 'restart': the node has 3 pods
                      facts.pods = 3
                      → Drain it first
                Policies, asked to execute 2026-11-22T18:06:13Z
                  ALLOWED for alice by the grant default-grant-sre; 2 policies spoke to it

                The run
                  18:00:00Z            plan signed, sha256 c7a2b91b7273635552391ceda93c185019569ff4ebea34c993c349c78e709222
                  18:00:01Z            policies (plan): allowed
                  18:05:13Z            approved by bob until 2026-11-22T22:00:01Z: <script>alert('approved')</script>
                  18:06:13Z            policies (execute): allowed
                  18:06:13Z            run started
                  18:06:14Z            wave 1 begins
                  18:07:31Z            run ended: rolled back

                Node worker-1 rolled back
                  18:06:14Z     0.5 s  taking the node's lease: granted, epoch 1
                  18:06:15Z            the policies allow it at its turn
                  18:06:16Z            the preconditions hold
                  18:06:16Z            step 'replace': state before observed, 2 fields
                  18:06:17Z            step 'restart': state before observed, 2 fields
                  18:06:17Z     1.5 s  running step 'replace': file.replace, 1 command: done
                  18:06:21Z            step 'replace': checks hold
                  18:06:22Z 1 min 4 s  running step 'restart': service.restart, 1 command: command 1 ended with status 1
                                       | </pre><script>alert(1)</script>
                                       | <img src=x onerror=alert(2)>\\u{1b}[2J\\u{202e}gnp.exe
                                       | " onclick='x' &amp;
                                       | =cmd|' /C calc'!A0
                  18:07:26Z            rolling back: step 'restart' failed: command 1 ended with status 1
                  18:07:27Z     0.5 s  undoing step 'restart': done
                  18:07:28Z     0.5 s  undoing step 'replace': done
                  18:07:29Z            step 'replace': state after undo observed, 2 fields
                  18:07:29Z     0.5 s  giving the node's lease back: released
                  18:07:30Z            rolled back: step 'restart' failed: command 1 ended with status 1

                Still in place
                  nothing that this run did

                ROLLED BACK run 20261123-090000-cd34: every node that was touched is as it was found
                  worker-1 in its state BEFORE: rolled back (step 'restart' failed: command 1 ended with status 1)
                    undone: step 'restart', step 'replace'

                """)
    }

    @Test("a run that needs a person ends with what is still there and the way back by hand")
    func needsPerson() throws {
        let text = try text(.needsPerson())
        #expect(
            text.contains("Still in place\n  worker-1, or may be: step 'replace' (file.replace)\n\nNEEDS A PERSON run"))
        #expect(text.contains("By hand, for worker-1:\n") && text.contains("--as before --reason 'what you saw'\n"))
    }

    @Test("of much output the first lines are shown, and where the rest is")
    func output() throws {
        var story = Story(id: "20261125-000000-aa11", [Sample.node([Sample.restart()])])
        try story.begin()
        try story.enter("worker-1")
        try story.run("worker-1", 0, output: (1...20).map { "line \($0)\n" }.joined())
        let lines = try text(story).split(separator: "\n").filter { $0.contains("| ") }.map { $0.drop { $0 == " " } }
        #expect(lines == (1...8).map { "| line \($0)" } + ["| … 12 more lines: belay audit show 12"])
    }

    @Test("an intent without an outcome says so, and takes no time")
    func unknownEnd() throws {
        var story = Story(id: "20261125-000000-aa11", [Sample.node([Sample.restart()])])
        try story.begin()
        try story.enter("worker-1")
        try story.add("worker-1", .intent(Intent(.apply(step: 0))))
        let text = try text(story, isHeld: true)
        #expect(
            text.contains(
                "           running step 'restart': service.restart, 1 command: the log has no outcome of it\n"))
        #expect(text.contains("\n  ended     running\n") && text.hasSuffix("\nIt is under way in another process.\n"))
    }

    @Test("a run that goes on the next day says which day it is")
    func nextDay() throws {
        var story = Story(id: "20261125-000000-aa11", [Sample.node([Sample.restart()])])
        try story.begin()
        try story.add(nil, .recovering(holder: "bob@desk:1"), after: 12 * 3_600_000)
        try story.enter("worker-1")
        let text = try text(story)
        #expect(text.contains("\n  2026-11-23\n  06:06:14Z            run taken over after an interruption\n"))
        #expect(text.ranges(of: "\n  2026-11-23\n").count == 2)
    }

    @Test(
        "a time is said in units that fit it",
        arguments: [
            (0, "0.0 s"), (450, "0.4 s"), (59_999, "59.9 s"), (60_000, "1 min 0 s"), (3_599_000, "59 min 59 s"),
            (3_600_000, "1 h 0 min"), (90_000_000, "25 h 0 min"),
        ] as [(Int64, String)])
    func spans(milliseconds: Int64, words: String) {
        #expect(Span.words(milliseconds) == words)
    }
}
