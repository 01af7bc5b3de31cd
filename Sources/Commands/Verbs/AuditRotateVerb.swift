import ArgumentParser
import Core
import Engine

/// `belay audit rotate`.
struct AuditRotateVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Change the log's key.",
        discussion: """
            An entry names the old key and the new one, and the checkpoint over it is signed by both; later ones by the new key \
            alone, and the old secret key is deleted. Who verifies with either key follows the change by the log itself.

            Witnesses know a log's key by their configuration: make the new key with --prepare, have it added there, then change.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: "Why: it is kept in the log for good.")
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "The new key is this Ed25519 key of ssh-agent: KEY.pub, or SHA256:… as ssh-add -l shows it.",
            valueName: "key"))
    var agent: String?

    @Flag(help: "Only make the new key and print its public half; nothing changes yet.")
    var prepare = false

    mutating func validate() throws {
        guard prepare == (reason == nil) else {
            throw ValidationError("Give --reason, whoever reads the log will ask; or --prepare, which changes nothing.")
        }
        if let reason, !reason.contains(where: { !$0.isWhitespace }) {
            throw ValidationError("--reason is empty: say why, whoever reads the log will ask.")
        }
    }

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        guard let reason else {
            terminal.write(NextKeyView(change: try workspace.nextKey(keptAs: agent)).text)
            return .done
        }
        let agent = agent
        let (change, checkpoint) = try await workspace.withBelay {
            try await $0.rotateKey(keptAs: agent, reason: reason)
        }
        terminal.write(
            RotatedKeyView(change: change, checkpoint: checkpoint, configured: workspace.configuration.log.key).text)
        return .done
    }
}
