import ArgumentParser
import Core
import Engine
import Foundation

/// `belay policy test`.
struct PolicyTestVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the cases of policies' tests; exits with 2 when one fails.",
        discussion: """
            Without files, those beside the project's policies. What was never seen both true and false is listed; with \
            --coverage it fails. With --mutate one operator or constant of the policies is changed at a time, and what no case \
            noticed is listed. The params are those of the policies' files, whatever belay.yaml sets. No node is asked.
            """)

    /// For whom the report is written.
    enum Format: String, ExpressibleByArgument, CaseIterable, Sendable {
        case text, json, junit
    }

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: ArgumentHelp("Files of cases, NAME.test.yaml; the policies beside them are tested.", valueName: "file"))
    var files: [String] = []

    @Flag(help: "Fail, too, for what was never seen both true and false, and for policies without cases.")
    var coverage = false

    @Flag(help: "List changes of the policies that no case notices.")
    var mutate = false

    @Option(name: .customShort("o"), help: ArgumentHelp("text, json or junit.", valueName: "format"))
    var format: Format = .text

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let (policies, tests) = try await files.isEmpty ? ofProject() : named()
        let set = try PolicySet.load(policies)
        let cases = try Self.parse(tests)
        var report = try set.test(cases)
        // Of a folder of which only some files are named, nothing is said of the others.
        if !files.isEmpty { report.untested = [] }
        // A case that fails anyway notices nothing.
        let isSound = mutate && report.failures.isEmpty
        let mutation = isSound ? try set.mutate(cases, sources: policies) : nil
        let view = PolicyTestView(report: report, demandsCoverage: coverage, mutation: mutation)
        switch format {
        case .text: terminal.write(view.text(terminal.style))
        case .json: terminal.write(try view.json())
        case .junit: terminal.write(JUnitView(view).xml)
        }
        return view.exit
    }

    private func ofProject() async throws -> (policies: [PolicyFiles.File], tests: [PolicyFiles.File]) {
        let folders = try await global.workspace().configuration.policies
        return (try PolicyFiles.policies(in: folders), try PolicyFiles.tests(in: folders))
    }

    private func named() throws -> (policies: [PolicyFiles.File], tests: [PolicyFiles.File]) {
        if let file = files.first(where: { !PolicySet.isTestFile($0) }) {
            throw UsageError("\(file) is no file of cases", remedy: "Name files that end in .test.yaml.")
        }
        let folders = Set(files.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }).sorted()
        return (
            try PolicyFiles.policies(in: folders), try files.map { (file: $0, bytes: try InputFile.read($0)) }
        )
    }

    /// All files, or every fault in all of them.
    static func parse(_ files: [PolicyFiles.File]) throws(Diagnostics) -> [PolicyTestFile] {
        var faults: [Core.Diagnostic] = []
        var tests: [PolicyTestFile] = []
        for (file, bytes) in files {
            do { tests.append(try PolicyTestFile.parse(bytes, file: file)) } catch { faults += error.all }
        }
        guard faults.isEmpty else { throw Diagnostics(faults) }
        return tests
    }
}
