import Foundation

@testable import Core

/// Files beside the tests.
enum ModelFixture {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    static let fixtures = root.appending(path: "Fixtures")
    static let repository = root.deletingLastPathComponent().deletingLastPathComponent()

    static func bytes(_ path: String, in folder: URL = fixtures) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: path)))
    }

    static func names(_ folder: URL, _ suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(suffix) }.sorted()
    }
}

extension CommandOutput {
    static func succeeded(_ text: String) -> CommandOutput { CommandOutput(status: 0, output: Payload(text)) }
}
