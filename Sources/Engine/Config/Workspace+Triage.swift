public import Core

extension Workspace {
    /// The folder beside runbooks that holds the rules of triage.
    static let triageFolder = "triage"
    /// What tests of rules start from, in that folder.
    static let triageSample = "sample.json"

    /// The rules of triage beside the project's runbooks; of files of one name the first folder's.
    /// - Throws: ``WorkspaceError`` when there are none, ``Diagnostics`` for faults in a file.
    public func triageRules() throws -> TriageRules {
        try TriageRules(
            triageFiles { $0.hasSuffix(".yaml") && !$0.hasSuffix(".test.yaml") }.map { file in
                try TriageSet.parse(ProjectFiles.read(file), file: file)
            })
    }

    /// The cases beside them.
    public func triageTests() throws -> [TriageTestFile] {
        guard let sample = try triageFiles({ $0 == Self.triageSample }).first else {
            throw WorkspaceError(
                "there is no \(Self.triageFolder)/\(Self.triageSample) beside the runbooks",
                remedy: "Tests of rules change what was recorded of a healthy cluster; `belay triage --save` writes it."
            )
        }
        let evidence = try TriageEvidence.parse(ProjectFiles.read(sample), file: sample)
        return try triageFiles { $0.hasSuffix(".test.yaml") }.map { file in
            try TriageTestFile.parse(ProjectFiles.read(file), file: file, sample: evidence)
        }
    }

    private func triageFiles(_ isWanted: (String) -> Bool) throws -> [String] {
        var files: [String: String] = [:]
        for folder in configuration.runbooks {
            let inner = ProjectFiles.join(folder, Self.triageFolder)
            guard try ProjectFiles.list(folder).contains(Self.triageFolder) else { continue }
            for name in try ProjectFiles.list(inner) where isWanted(name) {
                files[name] = files[name] ?? ProjectFiles.join(inner, name)
            }
        }
        guard !files.isEmpty else {
            throw WorkspaceError(
                "no folder of runbooks has a folder '\(Self.triageFolder)' with rules",
                remedy: "Name the folder of Belay's own runbooks under 'runbooks' in \(Self.fileName).")
        }
        return files.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The runbooks of a finding that the project has, the most reversible first.
    public func remedies(of finding: TriageReport.Finding) throws -> [TriageRemedy] {
        let files = try runbookFiles()
        return try finding.runbooks.filter { files[$0.name] != nil }.map { use in
            TriageRemedy(try runbook(named: use.name), parameters: use.parameters, nodes: use.nodes)
        }.sorted { $0.rank < $1.rank }
    }
}

/// A runbook of the project that mends a finding.
public struct TriageRemedy: Sendable, Hashable, Encodable {
    /// Its name.
    public let runbook: String
    /// What it does.
    public let title: String
    /// That of the step that is hardest to take back; nil where it hangs on parameters that only a person knows.
    public let reversibility: Reversibility?
    /// Its parameters, and VALUE for what a person has to fill in.
    public let parameters: [String: String]
    /// The nodes it is for, by their names in Kubernetes; none where it is for no node in particular.
    public let nodes: [String]
    /// Whether it is about the nodes of the finding; false when all it does is in the cluster, to what its parameters name.
    public let isAboutNode: Bool

    init(
        runbook: String, title: String, reversibility: Reversibility?, parameters: [String: String],
        nodes: [String] = [], isAboutNode: Bool = true
    ) {
        self.nodes = nodes
        self.runbook = runbook
        self.title = title
        self.reversibility = reversibility
        self.parameters = parameters
        self.isAboutNode = isAboutNode
    }

    fileprivate init(_ book: Runbook, parameters given: [String: String], nodes: [String]) {
        let open = book.parameters.filter { $0.required && given[$0.name] == nil }.map(\.name)
        let parameters = given.merging(open.map { ($0, "VALUE") }) { known, _ in known }
        let actions = try? book.bind(parameters: parameters).steps.map(\.action.reversibility)
        self.init(
            runbook: book.metadata.name, title: book.metadata.title, reversibility: actions?.max { $0.rank < $1.rank },
            parameters: parameters, nodes: nodes, isAboutNode: book.steps.contains { Self.isAboutNode($0.action) })
    }

    // What runs in the cluster and is not given the target's name there is about something else.
    private static func isAboutNode(_ action: String) -> Bool {
        let injected = ActionRegistry.kind(action)?.parameters.filter(\.injected).map(\.name) ?? []
        return injected.isEmpty || injected.contains("node")
    }

    fileprivate var rank: Int { reversibility?.rank ?? Reversibility.allCases.count }
}

extension Reversibility {
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
