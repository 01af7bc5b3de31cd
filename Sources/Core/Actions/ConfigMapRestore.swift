/// `configmap.restore`: one key of a ConfigMap (CoreDNS' Corefile, kube-proxy's configuration) as it shall be.
///
/// Whoever reads it may do so only when it starts: `workload.restart` behind it.
public struct ConfigMapRestore: Action {
    /// `configmap.restore`.
    public static let kind = ActionKind(
        name: "configmap.restore",
        summary: "Sets one key of a ConfigMap; undo puts back the value that was there, or removes the key.",
        disrupts: ["pods", "network"], touches: ["configmap"],
        parameters: [
            ArgumentKind("namespace", "its namespace", required: true),
            ArgumentKind("name", "its name", required: true),
            ArgumentKind("key", "the key of its data: Corefile, config.conf", required: true),
            ArgumentKind("content", "the whole new value, at most 256 KiB", required: true),
        ] + KubectlObject.parameters)

    private let object: KubectlObject
    private let key: String
    private let wanted: Payload

    /// Reads `namespace`, `name`, `key`, `content` and what the planner fills in.
    public init(arguments: Arguments) throws(ArgumentError) {
        object = try KubectlObject(.configMap, named: arguments)
        key = try arguments.required("key")
        if let fault = KubernetesName.fault(ofDataKey: key) { throw ArgumentError("key", fault) }
        guard let text = try arguments.text("content") else { throw ArgumentError("content", "must be given") }
        guard text.utf8.count <= FileChange.sizeLimit else {
            throw ArgumentError("content", "must not be over 256 KiB")
        }
        guard !text.utf8.contains(0) else { throw ArgumentError("content", "must not have a NUL") }
        wanted = Payload(text)
    }

    /// Reversible: the value comes back exactly. What a program made of it is that program's.
    public var reversibility: Reversibility { .reversible }
    /// Its readers; those of kube-system may be everybody's network.
    public var disrupts: Set<String> { object.disrupted }
    /// SSH does not go over the cluster's network.
    public var cutsPath: Bool { false }
    /// It is kept by the API server.
    public var survivesReboot: Bool { true }
    /// In the cluster.
    public var place: Place { .cluster }

    /// One read of the ConfigMap's uid and this key.
    public func observe() -> [Command] { [object.get(KubectlView(traits + value))] }

    private var traits: String {
        """

        immutable={{if .immutable}}yes{{else}}no{{end}}
        binary={{range $key, $value := .binaryData}}{{if eq $key "\(key)"}}yes{{end}}{{end}}
        """
    }

    // The mark behind it keeps the line ends that a shell would cut off.
    private var value: String {
        """
        {{range $key, $value := .data}}{{if eq $key "\(key)"}}
        sha256={{$value}};{{end}}{{end}}
        """
    }

    /// Fields: `uid`, `content` (absent without the key), `immutable`, `binary` (whether the key is one of bytes).
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        let values = try outputs[0].view(of: object)
        guard let immutable = values["immutable"], ["yes", "no"].contains(immutable),
            let binary = values["binary"], ["yes", ""].contains(binary)
        else { throw .unreadable(object) }
        return Observation([
            "uid": .text(values["uid"] ?? ""), "immutable": .text(immutable),
            "binary": .text(binary == "yes" ? "yes" : "no"), "content": try content(outputs[0]),
        ])
    }

    // All behind the first such line, whatever it looks like.
    private func content(_ output: CommandOutput) throws(ObservationError) -> FieldValue {
        // Bytes, since a value may begin with what joins the character before it.
        let bytes = Array(try output.text(of: "kubectl get configmap").utf8)
        guard let mark = bytes.firstRange(of: Array("\nsha256=".utf8)) else { return .absent }
        let value = bytes[mark.upperBound...]
        guard value.last == UInt8(ascii: ";") else { throw .unreadable(object) }
        guard value.count <= FileChange.sizeLimit + 1 else {
            throw ObservationError(
                "\(key) of \(object.description) is over 256 KiB, which no undo could carry",
                remedy: "Change it by hand, and keep what is there first")
        }
        return .content(Payload(bytes: Array(value.dropLast())))
    }

    /// The value and whose it is.
    public func role(of field: String) -> FieldRole { ["uid", "content"].contains(field) ? .footprint : .state }

    /// The value as given, exactly.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        if isSo(before) { return Prediction(after: before, notes: ["it has that value already"]) }
        guard before.text("immutable") == "no" else {
            throw ObservationError(
                "\(object.description) is immutable: the API admits no change of it",
                remedy: "Make another one with the value, and let its readers use that")
        }
        guard before.text("binary") == "no" else {
            throw ObservationError(
                "\(key) of \(object.description) is binary data", remedy: "Name a key of its data, or change it by hand"
            )
        }
        return Prediction(
            after: after(before),
            notes: [
                "pods that mount it see it within a minute or two; who reads it only at the start must be restarted"
            ])
    }

    /// The value, in one write that fails when somebody was faster; nothing when it is so already.
    public func apply(_ before: Observation) -> [Command] {
        isSo(before) ? [] : [write(after(before), from: before, others: .fail)]
    }

    /// The value that was there, or none, unless somebody has set another one since.
    public func undo(_ before: Observation) -> [Command] {
        isSo(before) ? [] : [write(before, from: after(before), others: .leave)]
    }

    private func isSo(_ state: Observation) -> Bool { state.content("content") == wanted }

    private func after(_ before: Observation) -> Observation {
        var after = before
        after["content"] = .content(wanted)
        return after
    }

    private func write(_ goal: Observation, from state: Observation, others: KubectlOthers) -> Command {
        let text = goal.content("content")?.text.map(JSONWord.quote) ?? "null"
        return object.write(
            .members(Payload("\"data\":{\"\(key)\":\(text)}")), through: KubectlView(value),
            from: [Self.text(state)], to: Self.text(goal), others: others)
    }

    /// The state as the guarded write compares it.
    private static func text(_ state: Observation) -> String {
        ["uid=\(state.text("uid") ?? "")"]
            .appending(state.content("content").map { "sha256=\(Digest.sha256($0.bytes + [UInt8(ascii: ";")]))" })
            .joined(separator: "\n")
    }
}

/// A text in JSON's quotes, so that YAML reads the same: kubectl takes what it is given for YAML, in which some characters
/// end a line or may not stand.
enum JSONWord {
    static func quote(_ text: String) -> String {
        "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0x22: "\\\""
        case 0x5C: "\\\\"
        case 0x0A: "\\n"
        case 0x0D: "\\r"
        case 0x09: "\\t"
        case 0x00...0x1F, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
            "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
                + String(scalar.value, radix: 16)
        default: String(scalar)
        }
    }
}
