package import Subprocess

/// A program's standard input, which it need not read. The library's own kinds end this process with a fatal error where the
/// program ends before all is written (swift-subprocess 1.0.2 closes the pipe only after a write that succeeded).
package struct ProgramInput: InputProtocol {
    private let bytes: [UInt8]

    /// The bytes, all at once.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        BrokenPipe.isAnError
    }

    package func write(with writer: StandardInputWriter) async throws {
        // What the program makes of less than all, its exit status tells.
        _ = try? await writer.write(bytes)
    }
}
