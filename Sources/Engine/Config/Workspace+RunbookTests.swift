public import Core

extension Workspace {
    /// Runs the cases beside runbooks.
    /// - Parameter names: those whose cases are run, each of which must have some; none for all that have.
    /// - Throws: the faults of files, and ``WorkspaceError`` where there are no cases.
    public func runbookTests(of names: [String]) throws -> [RunbookTestFile.Outcome] {
        let files = try runbookFiles()
        var outcomes: [RunbookTestFile.Outcome] = []
        for name in names.isEmpty ? files.keys.sorted() : names {
            let book = try runbook(named: name)
            guard let file = files[name].map(Self.testFile), ProjectFiles.exists(file) else {
                if names.isEmpty { continue }
                throw WorkspaceError(
                    "the runbook '\(name)' has no cases", remedy: "Write them into \(name).test.yaml beside it.")
            }
            outcomes += book.test(try RunbookTestFile.parse(ProjectFiles.read(file), file: file))
        }
        guard !outcomes.isEmpty else {
            throw WorkspaceError(
                "no runbook of the project has cases", remedy: "Write NAME.test.yaml beside the runbook NAME.")
        }
        return outcomes
    }

    private static func testFile(of runbook: String) -> String { runbook.dropLast(".yaml".count) + ".test.yaml" }
}
