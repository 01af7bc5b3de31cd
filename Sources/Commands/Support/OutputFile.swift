import Engine
import Foundation

/// Files that the command line asks for, whole or not there.
enum OutputFile {
    /// Writes a file that only its owner may read, in place of one that is there.
    static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            try ProjectFiles.write(bytes, to: path)
        } catch {
            throw UsageError(
                "\(path) cannot be written", remedy: "Name a file in a folder that exists and that you may write.")
        }
    }

    /// Whether it is a folder.
    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
