import Core
import Foundation
import Testing

/// Which runs a node has a way back of by itself.
@Suite("list of ways back that a node has by itself")
struct NodeReturnListTests {
    @Test("every run is named, and a node that has none says so")
    func listed() async throws {
        try await ScriptNodes.with { node in
            #expect(try NodeReturnList.read(try await node.run(NodeReturnList.script)) == [])
            for run in ["r1", "r2", ".gone-r3"] {
                try FileManager.default.createDirectory(
                    atPath: "\(node.folder)/record/due/\(run)", withIntermediateDirectories: true)
            }
            #expect(try NodeReturnList.read(try await node.run(NodeReturnList.script)).sorted() == ["r1", "r2"])
        }
    }

    @Test(
        "what the script never prints is refused",
        arguments: ["", "due r1\n", "due R1\nend\n", "due ../x\nend\n", "hello\nend\n", "due r1\nend\nmore\n"])
    func hostile(text: String) {
        #expect(throws: ObservationError.self) { try NodeReturnList.read(Array(text.utf8)) }
        let many = String(repeating: "due r1\n", count: 65) + "end\n"
        #expect(throws: ObservationError.self) { try NodeReturnList.read(Array(many.utf8)) }
    }
}
