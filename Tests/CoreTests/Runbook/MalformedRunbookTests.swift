import Foundation
import Testing

@testable import Core

@Suite("Malformed runbooks")
struct MalformedRunbookTests {
    static let folder = ModelFixture.fixtures.appending(path: "runbooks")
    static let names = (try? ModelFixture.names(folder, ".yaml")) ?? []

    @Test("every malformed file is refused with all its faults, each at its line and column", arguments: names)
    func refusals(name: String) throws {
        let bytes = try ModelFixture.bytes(name, in: Self.folder)
        let error = try #require(throws: Diagnostics.self) { try Runbook.parse(bytes, file: name) }
        let golden = Self.folder.appending(path: name.replacing(".yaml", with: ".expected"))
        if ProcessInfo.processInfo.environment["BELAY_RECORD"] != nil {
            try Data((error.description + "\n").utf8).write(to: golden)
            Issue.record("recorded \(golden.lastPathComponent): read it")
        }
        #expect(error.description + "\n" == (try String(contentsOf: golden, encoding: .utf8)))
    }

    @Test("the files are there")
    func filesAreThere() { #expect(Self.names.count >= 15) }
}
