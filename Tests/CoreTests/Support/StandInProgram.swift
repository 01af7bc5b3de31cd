import Foundation

/// A program that stands in for a real one in a test.
enum StandInProgram {
    /// Puts a script in place as a program.
    static func install(_ text: String, at path: String) throws {
        let source = path + ".text"
        try text.write(toFile: source, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: source) }
        try copy(source, to: path)
    }

    /// Copies a program.
    ///
    /// By a process of its own: a file that this process has open for writing is open, too, in whatever another test has just
    /// forked and not yet executed, and the kernel executes no file that anybody may write to (ETXTBSY).
    static func copy(_ source: String, to path: String) throws {
        let installing = try Process.run(
            URL(fileURLWithPath: "/usr/bin/install"), arguments: ["-m", "755", source, path])
        installing.waitUntilExit()
        guard installing.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
