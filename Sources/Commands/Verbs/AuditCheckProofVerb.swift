import ArgumentParser
import Engine
import Foundation
import TransparencyLog

/// `belay audit check-proof`: needs neither the log nor a project.
struct AuditCheckProofVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "check-proof", abstract: "Check a proof that `belay audit prove` wrote.",
        discussion: """
            Of an entry: without ENTRY its bytes are those that the proof brings along, or those in the .json file beside it. Of a \
            log that has only grown (--consistency): ENTRY is the older checkpoint, which you kept. Exits with 9 when the proof \
            does not show what it should.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("The proof.", valueName: "file"))
    var file: String

    @Argument(help: ArgumentHelp("The entry's bytes, or the older checkpoint.", valueName: "entry"))
    var subject: String?

    @Option(help: ArgumentHelp("The log's public key, or a file with it; again for more keys.", valueName: "vkey"))
    var key: [String]

    @Option(help: ArgumentHelp("Which witnesses must have cosigned the checkpoint.", valueName: "policy"))
    var witness: String?

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let bytes = try InputFile.read(file)
        let keys = try key.map(VerifierArguments.key)
        let policy = try witness.map(VerifierArguments.policy) ?? .noWitnesses
        do {
            let shown =
                GrowthProof.isMeant(by: bytes)
                ? try checkGrowth(GrowthProof(bytes), keys, policy) : try checkEntry(LogProof(bytes), keys, policy)
            terminal.write(([terminal.style.good("PROVEN") + " \(file.printable)"] + shown.indented(2)).text)
            return .done
        } catch let error as FormatError {
            terminal.write(
                [terminal.style.bad("NOT PROVEN") + " \(file.printable)", "  \(error.description.printable)"].text)
            return .logNotIntact
        }
    }

    private func checkEntry(_ proof: LogProof, _ keys: [VerifierKey], _ policy: WitnessPolicy) throws -> [String] {
        let entry = try subject.map(InputFile.read) ?? proof.extra ?? InputFile.read(ProofFile.entry(of: file))
        let proven = try proof.verify(entry: entry, logs: keys, policy: policy)
        return [
            "entry \(proven.index) of \(proven.origin.printable), in its tree of "
                + count(Int(clamping: proven.size), "entry", "entries"),
            "leaf hash \(Merkle.leaf(entry).hex), \(count(entry.count, "byte"))",
        ] + proven.cosigners.map(\.line)
    }

    private func checkGrowth(_ proof: GrowthProof, _ keys: [VerifierKey], _ policy: WitnessPolicy) throws -> [String] {
        guard let subject else {
            throw UsageError(
                "\(file) proves that a log has grown from a checkpoint, and none is named",
                remedy: "Name the older checkpoint, which you kept, after the proof.")
        }
        let old = try SignedNote(try InputFile.read(subject))
        let (checkpoint, cosigners) = try proof.verify(old: old, logs: keys, policy: policy)
        return [
            "the \(checkpoint.size) entries of \(checkpoint.origin.printable) begin with the \(proof.oldSize) of "
                + subject.printable
        ] + cosigners.map(\.line)
    }
}

extension Cosigner {
    fileprivate var line: String { "\(key.name.printable) cosigned, \(cosignatureTime(time))" }
}
