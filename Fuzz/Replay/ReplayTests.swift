import Foundation
import FuzzTargets
import Testing

@Suite("Inputs that fuzzing has kept")
struct ReplayTests {
    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../corpus")
        .standardized

    @Test("every target has inputs, and takes them all", arguments: FuzzTargets.all.keys.sorted())
    func replay(_ name: String) throws {
        let target = try #require(FuzzTargets.all[name])
        let folder = Self.corpus.appending(path: name)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty)
        for file in files { target(Array(try Data(contentsOf: file))) }
    }

    @Test("no inputs are kept for targets that are gone")
    func strays() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)
        #expect(Set(folders).subtracting(FuzzTargets.all.keys).isEmpty)
    }
}
