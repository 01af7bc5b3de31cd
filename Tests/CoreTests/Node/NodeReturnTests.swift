import Core
import Testing

/// What a node says of a temporary run's way back is read strictly.
@Suite("standing of a run that a node gives back")
struct NodeReturnTests {
    func read(_ printed: String) throws -> NodeReturnStanding { try NodeReturnStanding(parsing: Array(printed.utf8)) }

    @Test("each word that a script prints is read")
    func words() throws {
        let name = Base64.encode(Array("flush".utf8))
        let output = Payload("v4 added since\n")
        let out = "\nout \(Base64.encode(output.bytes))\n"
        #expect(try read("armed 7200\n") == .armed(secondsLeft: 7200, waitingFor: nil))
        #expect(try read("armed -61 r-2\n") == .armed(secondsLeft: -61, waitingFor: "r-2"))
        #expect(try read("taken\n") == .taken)
        #expect(try read("running\n") == .running)
        #expect(try read("none\n") == NodeReturnStanding.none)
        #expect(try read("returned\nout \n") == .returned(output: Payload("")))
        #expect(try read("conflict \(name)" + out) == .conflict(step: "flush", output: output))
        #expect(try read("failed \(name) 124" + out) == .failed(step: "flush", status: 124, output: output))
        #expect(try read("refused unit no systemd answers\n") == .refused("unit no systemd answers"))
    }

    @Test("only what will not change any more is settled")
    func settled() throws {
        let output = Payload("")
        let done: [NodeReturnStanding] = [
            .taken, .returned(output: output), .conflict(step: "a", output: output),
            .failed(step: "a", status: 1, output: output),
        ]
        let open: [NodeReturnStanding] = [.armed(secondsLeft: 0, waitingFor: nil), .running, .none, .refused("busy")]
        #expect(done.allSatisfy(\.isSettled) && !open.contains(where: \.isSettled))
    }

    @Test(
        "what no script of ours prints is an error",
        arguments: [
            "", "\n", "armed\n", "armed soon\n", "armed 1 ../x\n", "armed 1 r1 r2\n", "taken now\n", "returned 0\n",
            "conflict\n", "conflict flush!\n", "conflict \(Base64.encode([0x1B, 0x5B]))\n", "failed Zmx1c2g= x\n",
            "conflict \(Base64.encode(Array(repeating: 0x61, count: 300)))\n", "returned\nout @@\n",
            "returned\nout \nmore\n", "welcome to this host\ntaken\n",
            "returned\nout \(Base64.encode(Array(repeating: 0x61, count: 64 << 10)))\n",
        ])
    func hostile(printed: String) {
        #expect(throws: ObservationError.self) { try read(printed) }
    }

    @Test("an answer is the same after it was in the log")
    func coded() throws {
        for standing: NodeReturnStanding in [
            .armed(secondsLeft: 5, waitingFor: "r2"), .refused("disk"), .none,
            .conflict(step: "flush", output: Payload(bytes: [0, 1])),
        ] {
            #expect(try JSON.decode(NodeReturnStanding.self, from: JSON.encode(standing)) == standing)
        }
    }

    @Test("a step is given to the node only where its action can be told apart there")
    func step() throws {
        let sysctl = try SysctlSet(arguments: Arguments(["key": .text("vm.swappiness"), "value": .text("10")]))
        let before = Observation(["value": .text("60")])
        let left = Observation(["value": .text("10")])
        let step = try #require(
            NodeReturn.Step(name: "set", action: sysctl, left: left, before: before, seconds: 30))
        #expect(step.undo == sysctl.undo(before) && step.look == sysctl.stillAsLeft(left, before: before))
        #expect(sysctl.canReturnAlone(from: before))

        let routes = try RoutesRestore(arguments: Arguments(["snapshot": .text("s")]))
        #expect(!routes.canReturnAlone(from: before))
        #expect(NodeReturn.Step(name: "r", action: routes, left: left, before: before, seconds: 30) == nil)
    }
}
