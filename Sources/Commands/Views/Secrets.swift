import Core

/// What of a step must not reach a screen: kubeconfigs and private keys are masked, wherever they turn up; of other texts the
/// secrets are taken out, as they are of the log's entries (``Redactor``).
struct Secrets: Sendable {
    private let isSecretFile: Bool

    /// By the paths a step is about.
    init(_ step: StepPlan) {
        isSecretFile = step.arguments.values.values.contains { value in
            if case .text(let path) = value { Self.isSecretPath(path) } else { false }
        }
    }

    /// True for kubeconfigs by their place: under `.kube`, and `*.conf` in `/etc/kubernetes`.
    static func isSecretPath(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        guard path.hasPrefix("/") || path.hasPrefix("~"), let name = parts.last else { return false }
        return parts.dropLast().contains(".kube")
            || (parts.starts(with: ["etc", "kubernetes"]) && name.hasSuffix(".conf"))
    }

    /// True for text that is or holds a private key or a credential of a kubeconfig.
    static func isSecret(_ text: String) -> Bool {
        ["PRIVATE KEY", "client-key-data"].contains { text.contains($0) }
    }

    /// Whether a field's value is masked.
    func hide(_ value: FieldValue?) -> Bool {
        switch value {
        case .content(let payload): isSecretFile || Self.isSecret(payload)
        case .lines(let lines): lines.contains(where: Self.isSecret)
        case .text(let text): Self.isSecret(text)
        case .absent, nil: false
        }
    }

    /// Whether what a command reads on standard input is masked.
    func hide(input: Payload) -> Bool { isSecretFile || Self.isSecret(input) }

    // Bytes, not text: a key beside a NUL is a key all the same.
    private static func isSecret(_ payload: Payload) -> Bool {
        isSecret(String(decoding: payload.bytes, as: UTF8.self))
    }
}

extension Payload {
    /// What may be said of bytes without showing them: `1234 bytes, sha256 0123456789ab…`.
    var summary: String { "\(count(bytes.count, "byte")), sha256 \(Digest.sha256(bytes).prefix(12))…" }
}

extension Plan {
    /// The plan with secrets replaced by what may be said of them: for output a machine reads and a pipeline keeps.
    var masked: Plan {
        var plan = self
        plan.parameters = parameters.mapValues { $0.masked }
        plan.nodes = nodes.map { node in
            var node = node
            node.steps = node.steps.map(\.masked)
            return node
        }
        return plan
    }
}

extension ParameterValue {
    /// The value, unless it is a secret.
    var masked: ParameterValue {
        if Secrets.isSecret(text) { return .string("masked: \(Payload(text).summary)") }
        let redacted = Redactor().redact(text)
        return redacted == text ? self : .string(redacted)
    }
}

extension StepPlan {
    fileprivate var masked: StepPlan {
        let secrets = Secrets(self)
        var step = self
        step.arguments = Arguments(arguments.values.mapValues(\.masked))
        step.before = before.masked(secrets)
        step.prediction.after = prediction.after.masked(secrets)
        step.restores = restores?.masked(secrets)
        step.apply = apply.map { $0.masked(secrets) }
        step.undo = undo.map { $0.masked(secrets) }
        return step
    }
}

extension ArgumentValue {
    fileprivate var masked: ArgumentValue {
        switch self {
        case .text(let text): .text(ParameterValue.string(text).masked.text)
        case .flag: self
        case .list(let items): .list(items.map(\.masked))
        }
    }
}

extension Observation {
    fileprivate func masked(_ secrets: Secrets) -> Observation {
        Observation(
            fields.mapValues { value in
                guard secrets.hide(value) else { return value.redacted }
                return switch value {
                case .content(let payload): .content(Payload("masked: \(payload.summary)"))
                case .lines(let lines): .lines(["masked: \(Payload(lines.joined(separator: "\n")).summary)"])
                case .text(let text): .text("masked: \(Payload(text).summary)")
                case .absent: .absent
                }
            })
    }
}

extension Command {
    /// The command without what must not be shown.
    func masked(_ secrets: Secrets) -> Command {
        let words = Redactor().redact(words: argv.map { Secrets.isSecret($0) ? "masked: \(Payload($0).summary)" : $0 })
        let input = input.map { input in
            if secrets.hide(input: input) { return Payload("masked: \(input.summary)") }
            return input.text.map { Payload(Redactor().redact($0)) } ?? input
        }
        return Command(words, input: input, accepts: accepts)
    }
}

extension FieldValue {
    fileprivate var redacted: FieldValue {
        switch self {
        case .text(let text): .text(Redactor().redact(text))
        case .lines(let lines): .lines(lines.map(Redactor().redact))
        case .content(let payload): .content(payload.text.map { Payload(Redactor().redact($0)) } ?? payload)
        case .absent: .absent
        }
    }
}
