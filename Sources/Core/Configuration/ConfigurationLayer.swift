import CEL

/// Who gives a setting.
public enum ConfigurationLayer: String, Codable, Sendable, CaseIterable {
    /// The machine's administrator.
    case system
    /// The project.
    case project
    /// The user, for what is no guardrail.
    case user
    /// Nobody: it is what holds when no file says otherwise.
    case standard = "default"

    /// Where the system layer is; no flag and no variable names another place.
    public static let systemFile = "/etc/belay/belay.yaml"
}

/// A setting in effect, for whoever asks where it comes from.
public struct Setting: Codable, Sendable, Hashable {
    /// Its path in a file, such as `log.origin` or `params.POLICY.PARAM`.
    public var name: String
    /// Its value in one line.
    public var value: String
    /// Who gives it.
    public var layer: ConfigurationLayer
    /// `file:line`; nil for a default.
    public var place: String?
}

extension Configuration {
    /// All settings in effect.
    /// - Parameter logDirectory: where the log is kept, which no file has to say.
    public func settings(logDirectory: String) -> [Setting] {
        var settings = projects + [setting("inventory", inventory)]
        settings += [setting("runbooks", Self.list(runbooks))] + policySettings
        settings += [
            setting("allowedSigners", allowedSigners), setting("log.directory", logDirectory),
            setting("log.origin", log.origin), setting("log.key", log.key ?? Self.nothing),
            setting("log.witnesses", log.witnesses ?? Self.nothing), setting("log.strict", "\(log.strict)"),
            setting("log.reads", "\(log.reads)"), setting("calendar", calendar.summary),
            setting("notify", notify.isEmpty ? Self.nothing : notify.joined(separator: " ")),
        ]
        for (policy, values) in params.sorted(by: { $0.key < $1.key }) {
            for (name, value) in values.sorted(by: { $0.key < $1.key }) {
                settings.append(setting("params.\(policy).\(name)", value.text))
            }
        }
        return settings + [setting("signing.key", signingKey ?? Self.nothing)]
    }

    private static let nothing = "none"

    private static func list(_ paths: [String]) -> String { paths.joined(separator: ", ") }

    private var projects: [Setting] {
        system?.projects.map { [setting("projects", $0.isEmpty ? Self.nothing : Self.list($0))] } ?? []
    }

    // The folders of both layers hold.
    private var policySettings: [Setting] {
        let (common, own) = (system?.policies ?? [], policies.dropFirst(system?.policies.count ?? 0))
        let project = places["policies"]
        let added = Setting(
            "policies", Self.list(Array(own)), project == nil ? .standard : .project, at: project)
        return (common.isEmpty ? [] : [setting("policies", Self.list(common))]) + [added]
    }

    private func setting(_ name: String, _ value: String) -> Setting {
        let (layer, place) = origin(of: name)
        return Setting(name, value, layer, at: place)
    }
}

extension Setting {
    fileprivate init(_ name: String, _ value: String, _ layer: ConfigurationLayer, at place: SourceLocation?) {
        self.init(
            name: name, value: value, layer: layer,
            place: place.map { SourceLocation(file: $0.file, line: $0.line).description })
    }
}

extension ChangeCalendar {
    fileprivate var summary: String {
        self == .empty ? "none" : "\(windows.count) windows, \(freezes.count) freezes, \(zone.name)"
    }
}

extension PolicyParam {
    fileprivate var text: String {
        switch self {
        case .single(let scalar): scalar.text
        case .list(let items): "[" + items.map(\.text).joined(separator: ", ") + "]"
        }
    }
}

extension YAMLScalar {
    fileprivate var text: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .string(let text), .ambiguous(let text): text
        }
    }
}

extension YAMLDocument {
    /// Where the values of its mappings stand, by their paths (`log.origin`).
    var places: [String: SourceLocation] {
        var places: [String: SourceLocation] = [:]
        collect(root, "", &places)
        return places
    }

    private func collect(_ node: YAMLNode, _ path: String, _ places: inout [String: SourceLocation]) {
        guard case .mapping(let pairs) = node.content else { return }
        for (key, value) in pairs {
            let name = [path, key.text ?? ""].filter { !$0.isEmpty }.joined(separator: ".")
            places[name] = SourceLocation(file: file, line: value.line, column: value.column, length: value.span)
            collect(value, name, &places)
        }
    }
}
