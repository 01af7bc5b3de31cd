import ArgumentParser
import Engine
import Services
import TransparencyLog

/// `belay audit witness`.
struct AuditWitnessVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness", abstract: "Have others vouch that the log has one history.",
        subcommands: [Add.self, Sync.self])

    /// `belay audit witness add`.
    struct Add: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Add a witness to the file that log.witnesses names.",
            discussion: """
                A new file asks for the majority of its witnesses, and that grows with them; another quorum that somebody wrote \
                there is left alone. Nobody is asked: `belay audit witness sync` does that.
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "What the file shall call it.")
        var name: String

        @Argument(help: ArgumentHelp("Its public key, from its operator.", valueName: "vkey"))
        var key: String

        @Argument(help: ArgumentHelp("Its address, to which /add-checkpoint is added.", valueName: "url"))
        var url: String

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            do { _ = try WitnessClient.endpoint(of: url) } catch {
                throw UsageError("\(error)", remedy: "Give the address that the witness's operator names.")
            }
            let (file, policy) = try await global.workspace().addWitness(name: name, key: key, url: url)
            terminal.write(
                "Added \(name.printable) to \(file.printable).\n"
                    + "The quorum is \(policy.quorumDescription.printable).\n")
            return .done
        }
    }

    /// `belay audit witness sync`.
    struct Sync: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Publish the log and have the witnesses cosign it.",
            discussion: "Exits with 10 when those who have cosigned are not the quorum; what came is kept all the same."
        )

        @OptionGroup var global: GlobalOptions

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let workspace = try await global.workspace()
            let policy = try workspace.witnessPolicy()
            let round = try await workspace.withBelay { try await $0.askWitnesses() }
            terminal.write(
                WitnessRoundView(round: round, quorum: policy?.quorumDescription ?? "").text(terminal.style))
            return round.hasQuorum ? .done : .couldNotStart
        }
    }
}
