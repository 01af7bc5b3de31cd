import ArgumentParser
import Core
import Engine

/// `belay policy lint`.
struct PolicyLintVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Check policies and their cases as a run would; exits with 2 when one has faults.",
        discussion: "Warnings are about what loads and is probably not meant; they do not change how it ends.")

    @OptionGroup var global: GlobalOptions

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let folders = workspace.configuration.policies
        let files = try PolicyFiles.policies(in: folders)
        let tests = try PolicyFiles.tests(in: folders)
        var faults: [Core.Diagnostic] = []
        var warnings: [Core.Diagnostic] = []
        do { _ = try workspace.signers() } catch let error as Diagnostics { faults += error.all }
        let cases = tests.compactMap { test in
            Self.collecting(&faults) { () throws(Diagnostics) in
                try PolicyTestFile.parse(test.bytes, file: test.file)
            }
        }
        var set: PolicySet?
        do { set = try workspace.policies() } catch let error as Diagnostics { faults += error.all }
        if let set {
            Self.collecting(&faults) { () throws(Diagnostics) in try set.check(cases) }
            warnings = set.warnings(tested: Set(cases.map(\.policy)))
        }
        let view = PolicyLintView(files: files.count + tests.count, faults: faults, warnings: warnings)
        terminal.write(view.text(terminal.style))
        return view.exit
    }

    /// One file's faults do not keep the others from being read.
    @discardableResult private static func collecting<Value>(
        _ faults: inout [Core.Diagnostic], _ body: () throws(Diagnostics) -> Value
    ) -> Value? {
        do {
            return try body()
        } catch {
            faults += error.all
            return nil
        }
    }
}
