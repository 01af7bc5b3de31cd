import Core
import Foundation
import Testing

@testable import Engine

/// What is asked of nodes about a way back that they have by themselves, after its run.
@Suite("ways back that nodes have by themselves")
struct NodeReturnsTests {
    /// A node that answers each request with a line of its own, and remembers what it was asked.
    final class FakeNodes: Nodes, @unchecked Sendable {  // guarded by its lock
        private let lock = NSLock()
        private var asked: [String] = []
        let answer: String

        init(_ answer: String) { self.answer = answer }

        var requests: [String] { lock.withLock { asked } }

        func run(
            _ script: NodeScript, on host: HostPlan, for node: String, afresh: Bool
        ) async throws(NodeFailure) -> [UInt8] {
            let word =
                switch script.request {
                case .lookAtReturn(let run): "look \(run)"
                case .takeReturn(let run, let holder): "take \(run) \(holder)"
                case .forgetReturn(let run): "forget \(run)"
                default: "something else"
                }
            lock.withLock { asked.append(word) }
            return Array("\(answer)\n".utf8)
        }

        func facts(
            _ probe: FactsProbe, on host: HostPlan, for node: String, afresh: Bool, nonce: String
        ) async throws(NodeFailure) -> Facts { .unknown("not asked") }

        func kubernetes(
            _ probe: KubernetesProbe, on host: HostPlan, for node: String, nonce: String
        ) async throws(NodeFailure) -> Facts.Kubernetes { .unknown("not asked") }
    }

    private let node = NodePlan(
        name: "n1", identity: NodeIdentity(address: "a:22", hostKey: "k", machineID: "m"), roles: [], pool: "default",
        steps: [], verify: [], services: [], deadManSeconds: nil)

    @Test("a look asks, a take names who takes, and both read what the node says")
    func asked() async throws {
        let armed = FakeNodes("armed 42")
        #expect(
            try await NodeReturns(nodes: armed, holder: "e").look(at: node, of: "r1")
                == .armed(secondsLeft: 42, waitingFor: nil))
        #expect(armed.requests == ["look r1"])
        let taken = FakeNodes("taken")
        #expect(try await NodeReturns(nodes: taken, holder: "e").take(from: node, of: "r1") == .taken)
        #expect(taken.requests == ["take r1 e"])
        await NodeReturns(nodes: taken, holder: "e").forget(node, of: "r1")
        #expect(taken.requests.last == "forget r1")
    }

    @Test("what no script of ours prints is a failure with what to do, and nothing is guessed")
    func garbled() async throws {
        let nodes = FakeNodes("Welcome to this node")
        let failure = await #expect(throws: NodeFailure.self) {
            try await NodeReturns(nodes: nodes, holder: "e").look(at: node, of: "r1")
        }
        #expect(failure?.isPassing == false && failure?.message.contains("n1: ") == true)
        await NodeReturns(nodes: nodes, holder: "e").forget(node, of: "r1")
    }

    @Test("a node on which nothing was run has nothing to give back, and is not asked")
    func noHost() async throws {
        var other = node
        other.identity = nil
        let nodes = FakeNodes("taken")
        #expect(try await NodeReturns(nodes: nodes, holder: "e").take(from: other, of: "r1") == .none)
        #expect(nodes.requests.isEmpty)
    }
}
