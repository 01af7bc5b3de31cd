import ArgumentParser
import Core
import Engine

/// `belay audit erase`.
struct AuditEraseVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Erase the content of an entry that is kept in a blob.",
        discussion: """
            For personal data and secrets. The blob and its salt are deleted, and an entry says who erased it and why; the log \
            verifies as before. Copies of the log elsewhere still have it. Refused while the run has not ended.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The blob's commitment, or its beginning; `belay audit show INDEX` names it.")
    var blob: String

    @Option(help: "Why: it is kept in the log for good, so name no personal data in it.")
    var reason: String

    mutating func validate() throws {
        guard blob.utf8.count >= 8, blob.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
            throw ValidationError("'\(blob)' is no blob: give 8 to 64 lowercase hexadecimal digits.")
        }
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("--reason is empty: say why, whoever reads the log will ask.")
        }
    }

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let (blob, reason) = (blob, reason)
        let erasure = try await global.workspace().withBelay { try await $0.erase(blob: blob, reason: reason) }
        terminal.write("erased the content of entry \(erasure.entry) (blob \(erasure.commitment))")
        return .done
    }
}
