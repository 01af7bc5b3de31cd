import CEL

/// How closely cases look at the policies they are about: what was changed without any of them noticing.
public struct PolicyMutationReport: Sendable {
    /// How many changes were tried.
    public var tried = 0
    /// Those after which every case came out as before, in the order of the policies and their text.
    public var survivors: [Survivor] = []

    /// A change that no case noticed.
    public struct Survivor: Sendable, Hashable {
        /// The policy.
        public var policy: String
        /// Where the operator or constant stands.
        public var location: SourceLocation
        /// The expression around it.
        public var original: String
        /// The same with the change.
        public var mutant: String
    }
}

extension PolicySet {
    /// Changes one operator or constant of a policy's conditions, variables and validations at a time, and runs the
    /// policy's cases against each change. A change that is no expression of the same type is left out. Messages are
    /// not changed, since they decide nothing, and policies without cases are not looked at.
    ///
    /// - Parameter sources: the files that the set was loaded from, for the places.
    /// - Throws: what ``check(_:)`` does, and what keeps a file from being read again.
    public func mutate(
        _ files: [PolicyTestFile], sources: [(file: String, bytes: [UInt8])]
    ) throws(Diagnostics) -> PolicyMutationReport {
        try check(files)
        var report = PolicyMutationReport()
        for policy in policies {
            let cases = files.filter { $0.policy == policy.name }.flatMap(\.cases)
            guard !cases.isEmpty, let source = sources.first(where: { $0.file == policy.location.file }) else {
                continue
            }
            let document = try YAMLDocument(source.bytes, file: source.file)
            for site in MutationSite.all(of: policy) { site.mutate(policy, cases, document, &report) }
        }
        return report
    }
}

/// An expression of a policy that can be exchanged: where it is in the policy, and in its file.
private struct MutationSite {
    var path: WritableKeyPath<Policy, Program>
    var list: String
    var index: Int

    static func all(of policy: Policy) -> [MutationSite] {
        policy.conditions.indices.map {
            MutationSite(path: \.conditions[$0].program, list: "matchConditions", index: $0)
        }
            + policy.variables.indices.map {
                MutationSite(path: \.variables[$0].program, list: "variables", index: $0)
            }
            + policy.validations.indices.map {
                MutationSite(path: \.validations[$0].program, list: "validations", index: $0)
            }
    }

    func mutate(
        _ policy: Policy, _ cases: [PolicyTestFile.Case], _ document: YAMLDocument,
        _ report: inout PolicyMutationReport
    ) {
        let program = policy[keyPath: path]
        for (mutation, mutant) in program.mutants {
            var changed = policy
            changed[keyPath: path] = mutant
            report.tried += 1
            var coverage = PolicyCoverage()
            guard cases.allSatisfy({ changed.outcome(of: $0, &coverage).passed }) else { continue }
            report.survivors.append(
                .init(
                    policy: policy.name, location: place(of: mutation, in: document) ?? policy.location,
                    original: Self.excerpt(program.source, around: mutation.range),
                    mutant: Self.excerpt(mutant.source, around: mutation.range)))
        }
    }

    private func place(of mutation: Mutation, in document: YAMLDocument) -> SourceLocation? {
        guard case .sequence(let items)? = document.root["spec"]?[list]?.content, items.indices.contains(index),
            let node = items[index]["expression"]
        else { return nil }
        let (line, column) = ScalarPlaces(node: node, source: SourceText(document.source)).place(
            line: mutation.range.line, column: mutation.range.column)
        return SourceLocation(file: document.file, line: line, column: column)
    }

    /// What stands around a place, on one line.
    private static func excerpt(_ source: String, around range: SourceRange) -> String {
        let bytes = Array(source.utf8)
        let start = String(decoding: bytes.prefix(range.offset), as: UTF8.self)
        let rest = String(decoding: bytes.dropFirst(range.offset), as: UTF8.self)
        let (before, after) = (start.unicodeScalars.suffix(40), rest.unicodeScalars.prefix(50))
        let text =
            (start.unicodeScalars.count > before.count ? "…" : "") + String(before) + String(after)
            + (rest.unicodeScalars.count > after.count ? "…" : "")
        return Printable.escape(text)
    }
}

extension YAMLNode {
    fileprivate subscript(key: String) -> YAMLNode? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { $0.key.text == key }?.value
    }
}
