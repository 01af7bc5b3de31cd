import Foundation
import FuzzTargets
import Testing

@Suite("Inputs that fuzzing has kept")
struct ReplayTests {
    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../corpus")
        .standardized
    private static let names = FuzzTarget.all.map(\.name)

    @Test("every target has inputs, and takes them all", arguments: names)
    func replay(_ name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let folder = Self.corpus.appending(path: name)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty)
        for file in files { target.take(Array(try Data(contentsOf: file))) }
    }

    @Test("no inputs and no words are kept for targets that are gone, and no two targets have one name")
    func strays() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)
        #expect(Set(folders).subtracting(Self.names).isEmpty)
        let words = try FileManager.default.contentsOfDirectory(
            atPath: Self.corpus.appending(path: "../dictionaries").standardized.path)
        #expect(Set(words).subtracting(Self.names.map { "\($0).dict" }).isEmpty)
        #expect(Set(Self.names).count == Self.names.count)
    }
}
