/// Reads the fields of one mapping, collecting every error instead of stopping at the first.
///
/// A reader that met an error records it and returns a stand-in (an empty text, the first choice, zero), so that a
/// loader is straight-line code. The stand-ins never get out: ``YAMLDocument/read(_:)`` throws when anything was
/// recorded. Fields that nobody asked for are refused at the end, with the nearest name that was asked for.
///
///     try document.read { fields in
///         let name = fields.name("name")
///         let steps = fields.list("steps") { Step(name: $0.name("name"), timeout: $0.duration("timeout", default: …)) }
///     }
public final class YAMLFields {
    /// The mapping's path (`spec.steps[0]`), empty for the root.
    public let path: String
    /// The mapping itself; nil when it is missing or something else, which has been recorded already.
    public let mapping: YAMLNode?
    let log: DiagnosticLog
    private let pairs: [(key: YAMLNode, value: YAMLNode)]
    private var asked: Set<String> = []

    private init(_ node: YAMLNode?, path: String, log: DiagnosticLog) {
        self.path = path
        self.log = log
        if let node, case .mapping(let pairs) = node.content {
            mapping = node
            self.pairs = pairs
        } else {
            mapping = nil
            pairs = []
        }
    }

    static func read<T>(_ node: YAMLNode?, path: String, log: DiagnosticLog, _ body: (YAMLFields) -> T) -> T {
        let fields = YAMLFields(node, path: path, log: log)
        if let node, fields.mapping == nil {
            log.error("must be a mapping, not \(node.kind)", at: node, field: path)
        }
        let result = body(fields)
        fields.refuseUnknown()
        return result
    }

    /// The path of a field of this mapping; of the mapping itself for an empty name.
    public func path(of name: String) -> String { [path, name].filter { !$0.isEmpty }.joined(separator: ".") }

    /// The value of a field as it stands in the file, nil when it is not given. Marks the field as known.
    public func node(_ name: String) -> YAMLNode? {
        asked.insert(name)
        return pairs.first { $0.key.text == name }?.value
    }

    /// The keys in the order of the file.
    public var keys: [String] { pairs.compactMap(\.key.text) }

    /// The place of a field's value, else of the mapping: for errors found later.
    public func location(of name: String) -> SourceLocation {
        log.location((pairs.first { $0.key.text == name }?.value) ?? mapping)
    }

    /// Records an error about a field (or about the mapping when the field is not given).
    public func error(_ name: String, _ summary: String, remedy: String? = nil) {
        let node = pairs.first { $0.key.text == name }?.value ?? mapping
        log.error(summary, at: node, field: path(of: name), remedy: remedy)
    }

    /// Records an error found by someone else.
    public func record(_ diagnostic: Diagnostic) { log.all.append(diagnostic) }

    /// Refuses a field that is known but may not be given here.
    public func refuse(_ name: String, _ summary: String, remedy: String? = nil) {
        if node(name) != nil { error(name, summary, remedy: remedy) }
    }

    private func refuseUnknown() {
        for (key, _) in pairs {
            guard let name = key.text, !asked.contains(name) else { continue }
            let hint = Suggestion.hint(for: name, among: asked.sorted())
            log.error("there is no such field\(hint)", at: key, field: path(of: name))
        }
    }

    /// Records that a required field is missing, unless the mapping itself is, which was said already.
    func missing(_ name: String, _ what: String) {
        guard let mapping else { return }
        log.error("is missing: \(what) is required", at: mapping, field: path(of: name))
    }
}

/// The errors of one reading.
final class DiagnosticLog {
    let file: String
    let text: SourceText
    var all: [Diagnostic] = []
    var hasErrors: Bool { all.contains { $0.severity == .error } }

    init(file: String, text: SourceText) {
        self.file = file
        self.text = text
    }

    func location(_ node: YAMLNode?) -> SourceLocation {
        SourceLocation(file: file, line: node?.line, column: node?.column, length: node?.span ?? 1)
    }

    func error(_ summary: String, at node: YAMLNode?, field: String, remedy: String? = nil) {
        all.append(Diagnostic(summary, at: location(node), field: field, remedy: remedy))
    }
}
