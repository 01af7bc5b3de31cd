import ArgumentParser
import Engine
import Foundation
import Services

/// `belay audit reindex`.
struct AuditReindexVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "reindex", abstract: "Make the log's search index again.",
        discussion: """
            `log` and `export` make it and keep it up to date by themselves. It is made from the log alone, lies beside the \
            log's folder and may be removed at any time.
            """)

    @OptionGroup var global: GlobalOptions

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let directory = try await global.workspace().logDirectory
        guard FileManager.default.fileExists(atPath: directory) else {
            throw UsageError("there is no log in \(directory)", remedy: "It is made with the first plan.")
        }
        let start = ContinuousClock.now
        let entries = try await LogIndex(log: directory).rebuild()
        let seconds = ((ContinuousClock.now - start) / .milliseconds(100)).rounded() / 10
        terminal.write("indexed \(count(Int(clamping: entries), "entry", "entries")) in \(seconds) s")
        return .done
    }
}
