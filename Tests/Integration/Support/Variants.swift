import Foundation
import Testing

/// The nodes that differ (`belay-testbed up --variants`): lent to one test at a time, pristine.
actor Variants {
    static let shared = Variants()
    private var taken: Set<String> = []
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    /// False, said aloud, where somebody's own testbed lacks these nodes; `./test` has them all.
    static func areUp(_ names: String...) -> Bool {
        guard Testbed.isUp else { return false }
        if Testbed.environment["BELAY_TESTBED"] == "required" { return true }  // and then they must be there
        let up = (Testbed.environment["BELAY_TESTBED_VARIANTS"] ?? "").split(separator: " ").map(String.init)
        if Set(names).isSubset(of: up) { return true }
        print("NOT RUN: tests on the nodes \(names); belay-testbed up --variants all, or ./test, has them")
        return false
    }

    private func take(_ name: String) async {
        if taken.insert(name).inserted { return }
        await withCheckedContinuation { waiting[name, default: []].append($0) }
    }

    private func giveBack(_ name: String) {
        if waiting[name, default: []].isEmpty {
            taken.remove(name)
        } else {
            waiting[name]?.removeFirst().resume()
        }
    }

    /// Lends the node, with a project whose inventory has just this node.
    nonisolated func with(_ name: String, _ body: (borrowing Project) async throws -> Void) async throws {
        await take(name)
        do {
            try await Testbed.call("reset", name)
            let nodes = try Project.testbedNodes(named: name)
            try #require(nodes.count == 1, "the inventory has no node '\(name)'")
            try await body(try await Project(inventoryNodes: nodes))
            await giveBack(name)
        } catch {
            await giveBack(name)
            throw error
        }
    }
}
