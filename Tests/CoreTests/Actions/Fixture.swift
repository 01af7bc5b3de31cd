import Core
import Foundation

/// Outputs recorded on real nodes.
enum Fixture {
    static func text(_ name: String, file: String = #filePath) throws -> String {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().appending(path: "Fixtures")
        return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    static func output(_ text: String, status: Int = 0) -> CommandOutput {
        CommandOutput(status: status, output: Payload(text))
    }
}

/// Values that a shell, had it read them, would act on; `touch` would leave a trace.
let hostileValues = [
    "; touch /x", "$(touch /x)", "`touch /x`", "a\ntouch /x", "' ; touch /x '", "\" ; touch /x \"", "a b", "*", "-rf",
    "",
    "a\u{0}b", "${IFS}", "|| touch /x", "> /x", "\u{2028}",
]
