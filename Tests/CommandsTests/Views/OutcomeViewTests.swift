import Core
import Testing

@testable import Commands

struct OutcomeViewTests {
    private let plan = Sample.plan([Sample.node([Sample.restart()])])
    private let intent = Intent(
        .apply(step: 0), commands: [Command(["systemctl", "restart", "kubelet.service"])],
        undo: [Command(["systemctl", "start", "kubelet.service"])])

    private func text(_ events: [(Event, String?)], plan: Plan? = nil) throws -> String {
        let inventory = try #require(Sample.inventory)
        let state = try Sample.run(plan ?? self.plan, [(.started(holder: "alice@laptop:1"), nil)] + events)
        return OutcomeView(state: state, inventory: inventory).text(.plain)
    }

    @Test("a success says in which state the node is and how to go back")
    func success() throws {
        let text = try text([(.nodeState(.succeeded, reason: "verified"), "worker-1"), (.finished(.succeeded), nil)])
        #expect(
            text == """
                DONE run 20261122-180000-ab12: every node is in the planned state, verified
                  worker-1 in its state AFTER: succeeded (verified)

                To go back later: `belay rollback 20261122-180000-ab12`

                """)
    }

    @Test("a node rolled back is said to be in its state before, why, and what was undone")
    func rolledBack() throws {
        let text = try text([
            (.intent(intent), "worker-1"),
            (.outcome(.apply(step: 0), .done(status: 1, failedAt: 0, output: Payload(""))), "worker-1"),
            (.nodeState(.rollingBack, reason: "step 'restart' failed"), "worker-1"),
            (.intent(Intent(.undo(step: 0))), "worker-1"),
            (.outcome(.undo(step: 0), .done(status: 0, failedAt: 0, output: Payload(""))), "worker-1"),
            (.nodeState(.rolledBack, reason: "step 'restart' failed"), "worker-1"), (.finished(.rolledBack), nil),
        ])
        #expect(
            text == """
                ROLLED BACK run 20261122-180000-ab12: every node that was touched is as it was found
                  worker-1 in its state BEFORE: rolled back (step 'restart' failed)
                    undone: step 'restart'

                `belay runs show 20261122-180000-ab12` has everything that happened.

                """)
    }

    @Test("several failed checks have a line each")
    func failedChecks() throws {
        let failures = ["a == 1: a is 2; b is 3", "c"]
        let reason = "step 'restart' was not verified: " + failures.joined(separator: "; ")
        let text = try text([
            (.intent(intent), "worker-1"),
            (.outcome(.apply(step: 0), .done(status: 0, failedAt: 0, output: Payload(""))), "worker-1"),
            (.verified(step: 0, failures: failures), "worker-1"),
            (.nodeState(.rollingBack, reason: reason), "worker-1"),
            (.nodeState(.rolledBack, reason: reason), "worker-1"), (.finished(.rolledBack), nil),
        ])
        #expect(
            text.contains(
                """
                  worker-1 in its state BEFORE: rolled back (step 'restart' was not verified)
                      a == 1: a is 2; b is 3
                      c

                """))
    }

    @Test("a node that needs a person comes with the exact commands by hand")
    func needsPerson() throws {
        let text = try text([
            (.intent(intent), "worker-1"),
            (.outcome(.apply(step: 0), .done(status: 0, failedAt: 0, output: Payload(""))), "worker-1"),
            (.nodeState(.needsPerson, reason: "undoing step 'restart' failed"), "worker-1"),
            (.finished(.needsPerson), nil),
        ])
        #expect(
            text == """
                NEEDS A PERSON run 20261122-180000-ab12
                  worker-1 NEEDS A PERSON (undoing step 'restart' failed)

                By hand, for worker-1:
                  $ ssh -p 2222 ops@10.0.0.1
                  $ sudo sh /var/lib/belay/20261122-180000-ab12/steps/00-apply/undo.sh
                    # undo step 'restart'
                    # $ systemctl start kubelet.service
                  # when it is as it was found, say so here, and other plans may run there:
                  $ belay resolve 20261122-180000-ab12 worker-1 --as before --reason 'what you saw'

                `belay runs show 20261122-180000-ab12` has everything that happened.

                """)
    }

    @Test("what is done by hand names the place of the record, and leaves freeing the node to Belay")
    func recordInMemory() throws {
        let lease = Write.acquireLease(.node, recovering: false)
        let text = try text([
            (.intent(Intent(lease)), "worker-1"), (.outcome(lease, .granted(epoch: 3, inMemory: true)), "worker-1"),
            (.intent(intent), "worker-1"),
            (.outcome(.apply(step: 0), .done(status: 1, failedAt: 0, output: Payload(""))), "worker-1"),
            (.nodeState(.needsPerson, reason: "undoing step 'restart' failed"), "worker-1"),
            (.finished(.needsPerson), nil),
        ])
        #expect(
            text.contains(
                """
                  $ sudo sh /run/belay/20261122-180000-ab12/steps/00-apply/undo.sh
                    # undo step 'restart'
                    # $ systemctl start kubelet.service
                  # when it is as it was found, say so here, and other plans may run there:
                  $ belay resolve 20261122-180000-ab12 worker-1 --as before --reason 'what you saw'

                """))
    }

    @Test("a node that cannot be reached comes with what is known of it, by hand, and recover")
    func unreachable() throws {
        let plan = Sample.plan([Sample.node([Sample.restart()], deadManSeconds: 45)])
        let text = try text(
            [
                (.intent(Intent(.armDeadMan)), "worker-1"), (.outcome(.armDeadMan, .armed), "worker-1"),
                (.intent(intent), "worker-1"), (.unreachable(.node, cause: "no route to host"), "worker-1"),
            ], plan: plan)
        #expect(text.hasPrefix("INTERRUPTED run 20261122-180000-ab12"))
        #expect(text.contains("    out of reach: no route to host\n"))
        #expect(text.contains("not known how it ended: running step 'restart'"))
        #expect(text.contains("its dead-man is armed: it undoes the path-cutting steps by itself 45 s after arming"))
        #expect(
            text.contains(
                """
                  $ ssh -p 2222 ops@10.0.0.1
                  $ sudo sh /var/lib/belay/20261122-180000-ab12/deadman.sh
                    # let the dead-man put the node back now, if it has not yet
                  $ sudo systemctl stop 'belay-20261122-180000-ab12-step-*'
                    # end step 'restart' if it still runs
                  $ sudo sh /var/lib/belay/20261122-180000-ab12/steps/00-apply/undo.sh

                """))
        #expect(text.contains("When the nodes answer again: belay recover --run 20261122-180000-ab12"))
    }

    @Test("a stale node shows what was expected and what is there")
    func stale() throws {
        let difference = Difference(field: "activeState", expected: .text("failed"), found: .text("active\u{1B}[2J"))
        let text = try text([
            (.stale(step: 0, [difference]), "worker-1"), (.nodeState(.stale, reason: "changed"), "worker-1"),
            (.finished(.stale), nil),
        ])
        #expect(
            text.contains(
                "worker-1 in its state BEFORE: stale (changed)\n    activeState\n      - failed\n      + active\\u{1b}[2J\n"
            ))
    }

    @Test(
        "every state of a node is before, after, or neither",
        arguments: [
            (NodeState.succeeded, "after"), (.rolledBack, "before"), (.stale, "before"), (.skipped, "before"),
            (.needsPerson, nil), (.running, nil), (.rollingBack, nil), (.resolving, nil), (.abandoned, nil),
        ] as [(NodeState, String?)])
    func sides(state: NodeState, side: String?) {
        #expect(state.side == side)
    }

    @Test("progress says plainly what is done on which node, and leaves out what nobody needs")
    func progress() {
        let view = ProgressView(plan)
        let now = Timestamp(milliseconds: 1_795_370_400_000)
        func line(_ effect: Effect) -> String? {
            view.line(NextEffect(node: "worker-1", effect: effect), at: now, .plain)
        }
        let time = now.timeOfDay
        #expect(line(.send(intent)) == "\(time) worker-1  running step 'restart': service.restart, 1 command")
        #expect(line(.record(.intent(intent))) == nil)
        #expect(
            line(.observe(step: 0, moment: .before, expecting: nil))
                == "\(time) worker-1  looking at the state before step 'restart'")
        #expect(
            line(.verify(step: 0, plan.nodes[0].allChecks(), afresh: false))
                == "\(time) worker-1  checking step 'restart', for up to 30 s")
        #expect(
            line(.record(.nodeState(.rollingBack, reason: "a\u{1B}b"))) == "\(time) worker-1  rolling back: a\\u{1b}b")
        #expect(line(.record(.nodeState(.rolledBack, reason: "why"))) == "\(time) worker-1  rolled back")
    }

    @Test("a node that is denied at its turn says by which policy, what it saw and what to do")
    func denied() throws {
        let finding = try JSON.decode([Finding].self, from: Array(Sample.finding(outcome: "deny", waits: false).utf8))
        let reason = "the policies deny it at its turn: drain-first: the node has 3 pods"
        let text = try text([
            (.judged(findings: finding), "worker-1"), (.nodeState(.rollingBack, reason: reason), "worker-1"),
            (.nodeState(.denied, reason: reason), "worker-1"), (.finished(.denied), nil),
        ])
        #expect(
            text == """
                DENIED run 20261122-180000-ab12: the policies deny it at a node's turn; nothing was run
                  worker-1 in its state BEFORE: denied (the policies deny it at its turn: drain-first: the node has 3 pods)
                    denied by drain-first (hard) policies/drain.yaml:12
                      worker-1, step 'restart': the node has 3 pods
                      facts.pods = 3
                      → Drain it first

                `belay runs show 20261122-180000-ab12` has everything that happened.

                """)
    }
}
