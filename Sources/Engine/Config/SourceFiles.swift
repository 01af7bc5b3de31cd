import Core
import Foundation

/// The files of an inventory's source, read whole and never run.
enum SourceFiles {
    private static let sizeLimit = 128 << 20
    /// Of all files beside an inventory together.
    private static let besideLimit = (files: 20_000, bytes: 64 << 20, depth: 8)

    static func read(_ source: InventoryFile.Source) throws -> InventoryFile.SourceBytes {
        let path = Environment.expandingHome(source.path)
        var bytes = InventoryFile.SourceBytes(main: try file(path))
        guard source.kind == .ansible else { return bytes }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var left = besideLimit.bytes
        for kind in ["group_vars", "host_vars"] {
            try collect(kind, in: folder, depth: 0, into: &bytes.beside, left: &left)
        }
        return bytes
    }

    // Links are followed, as Ansible does; how deep it goes is bounded, so that a loop of links ends.
    private static func collect(
        _ path: String, in folder: String, depth: Int, into files: inout [String: [UInt8]], left: inout Int
    ) throws {
        let full = ProjectFiles.join(folder, path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: full, isDirectory: &isFolder) else { return }
        guard isFolder.boolValue else {
            if depth == 0 { return }
            let bytes = try file(full)
            left -= bytes.count
            guard left >= 0, files.count < besideLimit.files else {
                throw WorkspaceError(
                    "there is too much in group_vars and host_vars of \(folder)",
                    remedy:
                        "Keep an inventory of \(besideLimit.files) files and \(besideLimit.bytes >> 20) MiB at most.")
            }
            files[path] = bytes
            return
        }
        guard depth < besideLimit.depth else {
            throw WorkspaceError("\(full) lies too deep", remedy: "Check for links that lead back to where they are.")
        }
        // Hidden files and backups are none of Ansible's.
        for name in try ProjectFiles.list(full) where !name.hasPrefix(".") && !name.hasSuffix("~") {
            try collect(ProjectFiles.join(path, name), in: folder, depth: depth + 1, into: &files, left: &left)
        }
    }

    private static func file(_ path: String) throws -> [UInt8] {
        // A device or a pipe would be read for ever.
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: target)
        if let type = attributes?[.type] as? FileAttributeType, type != .typeRegular {
            throw WorkspaceError(
                "\(path) is no file", remedy: "Name the file itself, not the folder that it is in.")
        }
        if let size = attributes?[.size] as? Int, size > sizeLimit {
            throw WorkspaceError("\(path) has \(size) bytes", remedy: "An inventory has \(sizeLimit) at most.")
        }
        return try ProjectFiles.read(path)
    }
}
