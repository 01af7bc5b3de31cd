import Core
import Foundation
import Testing

@testable import Engine

@Suite("a machine's and a user's configuration files")
struct LayerFilesTests {
    let folder: TemporaryLog
    let layers: LayerFiles

    init() throws {
        folder = try TemporaryLog()
        layers = LayerFiles(
            system: "\(folder.root)/etc/belay.yaml", owner: getuid(), user: "\(folder.root)/home/config.yaml")
        try write(
            "apiVersion: belay/v1\nkind: Configuration\nlog: {origin: \(origin), directory: log}\n", "p/belay.yaml")
        try write(
            "apiVersion: belay/v1\nkind: Inventory\ncluster: {name: c, environment: e}\n"
                + "nodes: [{name: node-1, address: 127.0.0.1}]\n", "p/inventory.yaml")
        try write("", "p/allowed_signers")
        try grant("mine", "p/policies/mine.yaml")
    }

    private func write(_ text: String, _ file: String) throws {
        let url = URL(fileURLWithPath: "\(folder.root)/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func grant(_ name: String, _ file: String) throws {
        try write(
            "apiVersion: belay/v1\nkind: Grant\nmetadata: {name: \(name)}\nspec: {who: {groups: [sre]}, runbooks: [\"*\"]}\n",
            file)
    }

    private func system(_ text: String) throws {
        try write("apiVersion: belay/v1\nkind: SystemConfiguration\n\(text)\n", "etc/belay.yaml")
    }

    private func open() async throws -> Workspace {
        try await Workspace.open(from: "\(folder.root)/p", layers: layers)
    }

    private func digest() async throws -> String { try await open().guardrails().policies.digest }

    private func refusal(_ body: () async throws -> Void) async throws -> String {
        let error = await #expect(throws: WorkspaceError.self) { try await body() }
        return try #require(error).description
    }

    @Test("without either file the project's holds; nothing in this suite is found outside of its folder")
    func none() async throws {
        let workspace = try await open()
        #expect(workspace.configuration.system == nil && workspace.configuration.user == nil)
        #expect(LayerFiles().system == "/etc/belay/belay.yaml" && LayerFiles().owner == 0)
    }

    @Test("each thing that the machine sets is in the digest that plans carry; without a change it stays the same")
    func digests() async throws {
        try write("", "etc/people")
        try write("", "etc/witnesses")
        try grant("all", "etc/policies/all.yaml")
        var seen = [try await digest()]
        for text in [
            "projects: [\(folder.root)/p]", "projects: [\(folder.root)]",
            "calendar: {freezes: [{name: f, start: 2026-01-01T00:00, end: 2026-02-01T00:00}]}",
            "log: {strict: true, witnesses: witnesses}",
        ] {
            try system(text)
            seen.append(try await digest())
            #expect(try await digest() == seen.last)
        }
        try write("witness w\n", "etc/witnesses")
        seen.append(try await digest())
        try system("allowedSigners: people")
        #expect(try await digest() == seen[0], "the same people in another file are the same people")
        try FileManager.default.removeItem(atPath: "\(folder.root)/p/policies/mine.yaml")
        try system("policies: [policies]")
        seen.append(try await digest())
        #expect(Set(seen).count == seen.count)
    }

    @Test("a file of the machine's that others could have written is refused, and so is what it names")
    func writable() async throws {
        try system("allowedSigners: people\npolicies: [policies]")
        try write("", "etc/people")
        try FileManager.default.removeItem(atPath: "\(folder.root)/p/policies/mine.yaml")
        try grant("all", "etc/policies/all.yaml")
        _ = try await digest()
        for name in ["belay.yaml", "people", "policies", "policies/all.yaml", ""] {
            let path = "\(folder.root)/etc/\(name)"
            let mode = name == "" || name == "policies" ? 0o755 : 0o644
            try FileManager.default.setAttributes([.posixPermissions: mode | 0o020], ofItemAtPath: path)
            let said = try await refusal { _ = try await digest() }
            #expect(said.contains("could be changed by others than its owner"), "\(name): \(said)")
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
        _ = try await digest()
    }

    @Test("a file of the machine's that is not its administrator's is refused")
    func foreign() async throws {
        try system("projects: []")
        var layers = layers
        layers.owner = getuid() + 1
        let said = try await refusal { _ = try await Workspace.open(from: "\(folder.root)/p", layers: layers) }
        #expect(said.contains("is not root's") && said.contains("chown root:root"))
    }

    @Test(
        "attack: a requester's own project, with no policies to speak of, is refused where the machine names its projects"
    )
    func ownProject() async throws {
        for (folders, isAllowed) in [
            ("\(folder.root)/p", true), (folder.root, true), ("\(folder.root)/p2, \(folder.root)/p/", true),
            ("\(folder.root)/p2", false), ("\(folder.root)/p/sub", false),
        ] {
            try system("projects: [\(folders)]")
            if isAllowed {
                _ = try await open()
            } else {
                let said = try await refusal { _ = try await open() }
                #expect(said.contains("may not be used on this machine"), "\(said)")
            }
        }
        try system("projects: []")
        #expect(try await refusal { _ = try await open() }.contains("in no folder"))
        // A link in an allowed folder does not bring in what it leads to.
        try FileManager.default.createDirectory(atPath: "\(folder.root)/srv", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.root)/srv/p", withDestinationPath: "\(folder.root)/p")
        try system("projects: [\(folder.root)/srv]")
        _ = try await refusal { _ = try await Workspace.open(from: "\(folder.root)/srv/p", layers: layers) }
    }

    @Test("attack: a user's file that sets a guardrail keeps everything from being opened")
    func userFile() async throws {
        try write("apiVersion: belay/v1\nkind: UserConfiguration\nparams: {p: {min: 0}}\n", "home/config.yaml")
        let error = await #expect(throws: Diagnostics.self) { try await open() }
        #expect(error?.description.contains("home/config.yaml:3:9: params: is a guardrail") == true)
    }
}
