public import Core
import Foundation
import Glibc

/// A project: the folder with `belay.yaml` and the inventory it names, read and checked; the rest is read when it is needed.
public struct Workspace: Sendable {
    /// The folder of `belay.yaml`.
    public let directory: String
    /// The configuration.
    public let configuration: Configuration
    /// The nodes.
    public let inventory: Inventory
    /// The log's folder.
    public let logDirectory: String
    /// Where the configuration's other layers are.
    let layers: LayerFiles

    /// The file's name.
    public static let fileName = "belay.yaml"

    /// Opens the project that a folder lies in: the nearest `belay.yaml` upwards, as git does.
    /// - Throws: ``WorkspaceError`` when there is none, it may not be used here or a file cannot be read, ``Diagnostics`` for
    ///   faults in a file.
    @concurrent public static func open(from folder: String) async throws -> Workspace {
        try await open(from: folder, layers: LayerFiles())
    }

    @concurrent static func open(from folder: String, layers: LayerFiles) async throws -> Workspace {
        try Workspace(directory: find(from: folder), layers: layers)
    }

    private init(directory: String, layers: LayerFiles) throws {
        self.directory = directory
        self.layers = layers
        let system = try layers.systemConfiguration()
        try layers.check(project: directory, against: system)
        let name = ProjectFiles.join(directory, Self.fileName)
        configuration = try Configuration.parse(ProjectFiles.read(name), file: name, under: system)
            .with(layers.userConfiguration())
        let file = try InventoryFile.parse(
            ProjectFiles.read(configuration.inventory), file: configuration.inventory)
        inventory = Self.expandingHome(try file.inventory(sources: file.sources.map(SourceFiles.read)))
        logDirectory =
            try configuration.log.directory.map(Environment.expandingHome)
            ?? Self.defaultLog(configuration.log.origin)
    }

    private static func expandingHome(_ inventory: Inventory) -> Inventory {
        var inventory = inventory
        // On a node it is a path of the node; on this machine no shell reads it.
        if case .local? = inventory.cluster.kubectl?.host, let path = inventory.cluster.kubectl?.kubeconfig {
            inventory.cluster.kubectl?.kubeconfig = Environment.expandingHome(path)
        }
        inventory.defaults.identityFiles = inventory.defaults.identityFiles.map(Environment.expandingHome)
        inventory.defaults.knownHosts = inventory.defaults.knownHosts.map(Environment.expandingHome)
        if case .file(let path) = inventory.defaults.sshConfig {
            inventory.defaults.sshConfig = .file(Environment.expandingHome(path))
        }
        for index in inventory.nodes.indices {
            inventory.nodes[index].identityFiles = inventory.nodes[index].identityFiles?.map(Environment.expandingHome)
        }
        return inventory
    }

    private static func find(from folder: String) throws -> String {
        var url = URL(fileURLWithPath: folder).standardizedFileURL
        while true {
            if FileManager.default.fileExists(atPath: url.appending(path: fileName).path) { return url.path }
            let parent = url.deletingLastPathComponent().standardizedFileURL
            guard parent.path != url.path, url.path != "/" else {
                throw WorkspaceError(
                    "there is no \(fileName) in \(folder) or above it",
                    remedy: "Go to a project's folder, or name one with -C; docs/configuration.md shows the file.")
            }
            url = parent
        }
    }

    private static func defaultLog(_ origin: String) throws -> String {
        guard let state = Environment.stateFolder else {
            throw WorkspaceError(
                "this account has no home folder, so the log has no place", remedy: "Set log.directory in \(fileName).")
        }
        return ProjectFiles.join(state, "log/" + origin.replacingOccurrences(of: "/", with: "_"))
    }

    /// A runbook by name.
    /// - Throws: ``WorkspaceError`` with the nearest name when there is none, ``Diagnostics`` for faults in its file.
    public func runbook(named name: String) throws -> Runbook {
        let files = try runbookFiles()
        guard let file = files[name] else {
            throw WorkspaceError(
                "there is no runbook '\(name)'\(Suggestion.hint(for: name, among: Array(files.keys)))",
                remedy: "`belay runbook list` shows them.")
        }
        return try Runbook.parse(ProjectFiles.read(file), file: file)
    }

    /// Runbook name → its file; the first folder that has a name wins.
    public func runbookFiles() throws -> [String: String] {
        var files: [String: String] = [:]
        for folder in configuration.runbooks {
            for name in try ProjectFiles.list(folder) where name.hasSuffix(".yaml") && !name.hasSuffix(".test.yaml") {
                let key = String(name.dropLast(".yaml".count))
                files[key] = files[key] ?? ProjectFiles.join(folder, name)
            }
        }
        return files
    }
}

/// The project cannot be opened, or does not have what was asked for.
public struct WorkspaceError: Error, Sendable, CustomStringConvertible {
    /// What and where.
    public let message: String
    /// What to do.
    public let remedy: String

    init(_ message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }

    /// Both sentences.
    public var description: String { "\(message). \(remedy)" }
}

/// Small, whole files of a project.
public enum ProjectFiles {
    static func join(_ folder: String, _ name: String) -> String { folder + "/" + name }

    static func read(_ path: String) throws -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: Environment.expandingHome(path))))
        } catch {
            throw WorkspaceError("\(path) cannot be read", remedy: "Check that it exists and that you may read it.")
        }
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: Environment.expandingHome(path))
    }

    static func list(_ folder: String) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: Environment.expandingHome(folder)).sorted()
        } catch {
            throw WorkspaceError(
                "the folder \(folder) cannot be read", remedy: "Check the paths in \(Workspace.fileName).")
        }
    }

    /// Writes a file that is whole or not there, in place of one that is: it may be signed or applied the moment it appears.
    ///
    /// Plans hold file contents in plain text, so from its first byte nobody but its owner reads it, until the owner says so.
    /// Nothing is written through a link: in a folder that others may write to they can guess no name, and take none.
    /// - Throws: ``WorkspaceError`` when it cannot be written; then nothing has changed.
    public static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws {
        let files = SystemFiles()
        let part = "\(path).\(SystemNonces().next()).part"
        do {
            let descriptor = try files.open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
            defer { close(descriptor) }
            try files.write(bytes, to: descriptor, at: 0, path: part)
            try files.rename(part, to: path)
        } catch {
            unlink(part)
            throw WorkspaceError("\(path) cannot be written", remedy: "Check that the folder exists and has space.")
        }
    }
}
