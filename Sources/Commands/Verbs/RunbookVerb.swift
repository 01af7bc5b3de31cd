import ArgumentParser
import Core
import Engine

/// `belay runbook`.
struct RunbookVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runbook", abstract: "List, show, check and test runbooks.",
        subcommands: [List.self, Show.self, Lint.self, Test.self])

    /// `belay runbook list`.
    struct List: Verb {
        static let configuration = CommandConfiguration(abstract: "List the project's runbooks.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let files = try await global.workspace().runbookFiles().sorted { $0.key < $1.key }
            let view = RunbooksView(
                items: try files.map { .init(name: $0.key, runbook: try RunbookVerb.parse($0.value)) })
            terminal.write(output.format == .json ? try view.json() : view.text(terminal.style))
            return .done
        }
    }

    /// `belay runbook show`.
    struct Show: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Show when to use a runbook, what it needs and what it does.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The runbook's name.")
        var name: String

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            terminal.write(RunbookView(try await global.workspace().runbook(named: name)).text(terminal.style))
            return .done
        }
    }

    /// `belay runbook lint`.
    struct Lint: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Check runbook files; exits with 2 when one has faults.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The files; every runbook of the project unless given.")
        var files: [String] = []

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            var files = files
            if files.isEmpty { files = try await global.workspace().runbookFiles().values.sorted() }
            let faults = try files.map(RunbookVerb.parse).compactMap { result in
                if case .failure(let faults) = result { faults } else { nil }
            }
            let view = LintView(files: files.count, faults: faults)
            terminal.write(view.text(terminal.style))
            return view.exit
        }
    }

    /// `belay runbook test`.
    struct Test: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Run the cases in *.test.yaml beside runbooks; exits with 2 when one fails.",
            discussion: "Nodes are not asked: a case says what their commands printed.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The runbooks' names; all of the project that have cases unless given.")
        var names: [String] = []

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let view = RunbookTestView(outcomes: try await global.workspace().runbookTests(of: names))
            terminal.write(view.text(terminal.style))
            return view.failures.isEmpty ? .done : .usage
        }
    }

    /// A file's runbook or its faults.
    /// - Throws: ``UsageError`` when the file cannot be read.
    static func parse(_ file: String) throws -> Result<Runbook, Diagnostics> {
        let bytes = try InputFile.read(file)
        return Result { () throws(Diagnostics) in try Runbook.parse(bytes, file: file) }
    }
}
