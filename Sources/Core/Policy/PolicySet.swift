/// All guardrails and grants in effect: loaded as a whole or not at all, since a policy that silently does not load
/// allows what it was written to deny.
public struct PolicySet: Sendable {
    /// The guardrails, by name.
    public let policies: [Policy]
    /// The permissions, by name.
    public let grants: [Grant]
    /// SHA-256 (hex) over the digests of the files and the effective params: what "the same policies" means in a plan.
    ///
    /// Names and folders of the files are not in it: the same policies from another checkout are the same policies.
    public let digest: String

    /// The most files a set may have.
    public static let fileLimit = 500

    /// Whether a file of a policy folder is part of the set: YAML, and not a `*.test.yaml`.
    public static func isPolicyFile(_ name: String) -> Bool {
        let isYAML = name.hasSuffix(".yaml") || name.hasSuffix(".yml")
        return isYAML && !isTestFile(name)
    }

    /// Whether a file of a policy folder holds cases of a policy's tests.
    public static func isTestFile(_ name: String) -> Bool {
        name.hasSuffix(".test.yaml") || name.hasSuffix(".test.yml")
    }

    /// Parses and checks a set of files.
    ///
    /// - Parameters:
    ///   - files: name (for messages) and bytes of each.
    ///   - alongside: what else decides who may do what, as `name digest` lines; part of the effective digest.
    ///   - params: the organisation's settings, policy name → param → value, of `belay.yaml`.
    /// - Throws: everything wrong in all files; each diagnostic names its file, and can be rendered with that file's text.
    public static func load(
        _ files: [(file: String, bytes: [UInt8])], params: [String: [String: PolicyParam]] = [:],
        alongside: [String] = []
    ) throws(Diagnostics) -> PolicySet {
        var loading = Loading()
        if files.count > fileLimit {
            throw Diagnostics([
                Diagnostic("there are \(files.count) policy files, more than \(fileLimit)", at: .init(file: ""))
            ])
        }
        for (file, bytes) in files { loading.add(bytes, file: file) }
        loading.refuseDuplicates()
        loading.override(with: params)
        guard loading.faults.isEmpty else { throw Diagnostics(loading.faults) }
        let policies = loading.policies.sorted { $0.name < $1.name }
        let digests = files.map { Digest.sha256($0.bytes) }
        return PolicySet(
            policies: policies, grants: loading.grants.sorted { $0.name < $1.name },
            digest: effectiveDigest(files: digests, policies: policies, alongside: alongside))
    }

    /// One line a fact, sorted, so that an auditor can compute it again with `sha256sum` and `sort`.
    private static func effectiveDigest(files: [String], policies: [Policy], alongside: [String]) -> String {
        let settings = policies.flatMap { policy in
            policy.params.map { "param \(policy.name) \($0) \($1.digestLine)" }
        }
        let lines =
            ["belay/v1 policy set"] + files.sorted().map { "file \($0)" } + settings.sorted() + alongside.sorted()
        return Digest.sha256(lines.map { $0 + "\n" }.joined().utf8)
    }
}

extension Policy {
    /// Overrides a setting of the policy's file.
    /// - Returns: why it cannot be, nil when it is done.
    mutating func set(param key: String, to value: PolicyParam) -> String? {
        guard let current = params[key] else {
            return "policy '\(name)' has no param '\(key)'\(Suggestion.hint(for: key, among: Array(params.keys)))"
        }
        guard let type = current.celType, let fitted = value.fitted(to: type) else {
            return "must be \(current.kind) as in the policy's file, not \(value.kind)"
        }
        params[key] = fitted
        return nil
    }
}

/// A set on its way in.
private struct Loading {
    var policies: [Policy] = []
    var grants: [Grant] = []
    var faults: [Diagnostic] = []

    mutating func add(_ bytes: [UInt8], file: String) {
        do {
            let document = try YAMLDocument(bytes, file: file)
            switch Self.kind(of: document) {
            case "Grant": grants.append(try Grant.parse(document))
            case "Policy", nil: if let policy = try Policy.parse(document) { policies.append(policy) }
            case let kind?:
                faults.append(
                    Diagnostic(
                        "'\(Printable.escape(kind, limit: 60))' is no kind of policy file; known are Policy and Grant",
                        at: SourceLocation(file: file, line: document.root.line), field: "kind"))
            }
        } catch {
            faults += error.all
        }
    }

    private static func kind(of document: YAMLDocument) -> String? {
        guard case .mapping(let pairs) = document.root.content else { return nil }
        return pairs.first { $0.key.text == "kind" }?.value.text
    }

    mutating func refuseDuplicates() {
        let named = policies.map { ($0.name, $0.location) } + grants.map { ($0.name, $0.location) }
        var seen: [String: SourceLocation] = [:]
        for (name, location) in named {
            if let other = seen[name] {
                faults.append(
                    Diagnostic("the name '\(name)' is taken by \(other)", at: location, field: "metadata.name"))
            }
            seen[name] = location
        }
    }

    mutating func override(with params: [String: [String: PolicyParam]]) {
        for (name, values) in params.sorted(by: { $0.key < $1.key }) {
            guard let index = policies.firstIndex(where: { $0.name == name }) else {
                // A policy that did not load has been reported; what its params would be is not known.
                let hint = Suggestion.hint(for: name, among: policies.map(\.name))
                if faults.isEmpty { refuse("params.\(name)", "there is no policy '\(name)' in the set\(hint)") }
                continue
            }
            for (key, value) in values.sorted(by: { $0.key < $1.key }) {
                set(key, of: index, to: value, field: "params.\(name).\(key)")
            }
        }
    }

    private mutating func set(_ key: String, of index: Int, to value: PolicyParam, field: String) {
        if let fault = policies[index].set(param: key, to: value) { refuse(field, fault) }
    }

    private mutating func refuse(_ field: String, _ summary: String) {
        faults.append(Diagnostic(summary, at: SourceLocation(file: ""), field: field))
    }
}
