import Core
import Foundation
import Testing

/// Law 7 on real nodes: an executor killed before and after each effect of each class of actions, where the run goes well
/// and where a check fails, then `belay recover`.
///
/// The kill comes from outside: strace delivers SIGKILL on the N-th fdatasync, which is when the N-th entry has been
/// written. An intent is durable before it is sent and an outcome after it was had, so these points are all there are: before
/// and after every effect. A run that nobody kills comes first and tells which entry is which.
@Suite("kill -9 after each journal event", .enabled(if: Testbed.isUp), .timeLimit(.minutes(55)))
struct KillTests {
    static let classes = KillClass.all.filter {
        Deep.isWanted($0.name) && ($0.places != [] || Deep.asks(for: "kills")) && (!$0.isInCluster || Cluster.isUp)
    }

    @Test("a run ends in before or after and says which", arguments: classes)
    func matrix(_ kills: KillClass) async throws {
        async let one = KillMatrix(kills: kills, path: .success).run()
        async let other = KillMatrix(kills: kills, path: .checkFails).run()
        let tally = try await one + other
        print("kill matrix on real nodes, \(kills.name): \(tally)")
        #expect(tally.needsPerson == 0)
        #expect(tally.before > 0 && tally.after > 0)
    }
}
