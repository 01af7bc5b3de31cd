import Core
import Foundation

/// Files that the command line names.
enum InputFile {
    /// The bytes of a file.
    static func read(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UsageError("\(path) cannot be read", remedy: "Check that it exists and that you may read it.")
        }
        return Array(data)
    }

    /// A file that must be text.
    static func text(_ path: String) throws -> String {
        guard let text = String(validating: try read(path), as: UTF8.self) else {
            throw UsageError("\(path) is not UTF-8 text", remedy: "A parameter is text; name a text file.")
        }
        return text
    }

    /// A saved plan and its digest.
    static func plan(_ path: String) throws -> (plan: Plan, sha256: String) {
        let bytes = try read(path)
        do {
            return (try Plan(bytes: bytes), Digest.sha256(bytes))
        } catch {
            throw UsageError("\(path) is not a plan of this version", remedy: "Make it again with `belay plan`.")
        }
    }
}
