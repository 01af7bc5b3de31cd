import Foundation
import Testing

@testable import Engine

@Suite("files of a project")
struct ProjectFilesTests {
    let folder: TemporaryLog

    init() throws { folder = try TemporaryLog() }

    private func path(_ name: String) -> String { "\(folder.root)/\(name)" }
    private func mode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path(name))[.posixPermissions] as? Int
    }

    @Test(
        "a file is its owner's alone, also in the place of one that anybody could read, and nothing is left beside it")
    func owner() throws {
        try Data("old".utf8).write(to: URL(fileURLWithPath: path("plan")))
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path("plan"))
        try ProjectFiles.write(Array("new".utf8), to: path("plan"))
        #expect(try mode("plan") == 0o600)
        #expect(try ProjectFiles.read(path("plan")) == Array("new".utf8))
        try ProjectFiles.write([], to: path("witnesses"), mode: 0o644)
        #expect(try ProjectFiles.list(folder.root) == ["plan", "witnesses"])
    }

    @Test("attack: a link in the file's place, or in that of the name it was written under before, leads nowhere")
    func links() throws {
        try Data("untouched".utf8).write(to: URL(fileURLWithPath: path("victim")))
        for name in ["plan", "plan.part"] {
            try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: path("victim"))
        }
        try ProjectFiles.write(Array("new".utf8), to: path("plan"))
        #expect(try ProjectFiles.read(path("victim")) == Array("untouched".utf8))
        #expect(throws: (any Error).self) { try FileManager.default.destinationOfSymbolicLink(atPath: path("plan")) }
        #expect(try ProjectFiles.read(path("plan")) == Array("new".utf8) && mode("plan") == 0o600)
    }

    @Test("what cannot be written leaves nothing, and says what to do")
    func unwritable() throws {
        try FileManager.default.createDirectory(atPath: path("plan/sub"), withIntermediateDirectories: true)
        for name in ["plan", "none/plan"] {
            #expect(throws: WorkspaceError.self) { try ProjectFiles.write([1], to: path(name)) }
        }
        #expect(try ProjectFiles.list(folder.root) == ["plan"])
    }
}
