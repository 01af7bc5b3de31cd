import Yams

/// One YAML file, read with the caution that input which decides about production needs.
///
/// Refused outright: more than 256 KiB, text that is not UTF-8, several documents, anchors, aliases, tags, duplicate or
/// non-scalar keys. Aliases make small files huge, and tags and merges make a file mean something else than it shows.
public struct YAMLDocument: Sendable {
    /// The most bytes a file may have.
    public static let sizeLimit = 256 << 10
    /// The deepest nesting.
    static let depthLimit = 64

    /// The file's name, for messages.
    public let file: String
    /// Its text, for rendering diagnostics.
    public let source: String
    /// Its content.
    public let root: YAMLNode

    /// Parses a file.
    /// - Parameter file: the name that messages carry; nothing is read from it.
    public init(_ bytes: [UInt8], file: String) throws(Diagnostics) {
        try self.init(bytes, file: file, sizeLimit: Self.sizeLimit, tags: [])
    }

    /// Parses a file of somebody else's.
    /// - Parameter tags: tags of their own that are admitted on values; see ``YAMLNode/tag``.
    init(_ bytes: [UInt8], file: String, sizeLimit: Int, tags: Set<String>) throws(Diagnostics) {
        self.file = file
        guard bytes.count <= sizeLimit else {
            throw Self.refusal("the file has \(bytes.count) bytes, more than \(sizeLimit)", at: .init(file: file))
        }
        guard let source = String(validating: bytes, as: UTF8.self) else {
            throw Self.refusal("the file is not UTF-8 text", at: .init(file: file, line: Self.badLine(in: bytes)))
        }
        self.source = source
        if let alias = AliasScan.firstAlias(in: source) {
            throw Self.refusal(
                "anchors and aliases are not accepted", at: alias.location(in: file), remedy: "Write the value out")
        }
        root = try Self.parse(source, file: file, tags: tags)
    }

    /// Reads the root mapping. Every error the closure meets is collected; all of them are thrown together at the end.
    public func read<T>(_ body: (YAMLFields) -> T) throws(Diagnostics) -> T {
        let log = DiagnosticLog(file: file, text: SourceText(source))
        let result = YAMLFields.read(root, path: "", log: log, body)
        if log.hasErrors { throw Diagnostics(log.all) }
        return result
    }

    private static func refusal(_ summary: String, at place: SourceLocation, remedy: String? = nil) -> Diagnostics {
        Diagnostics([Diagnostic(summary, at: place, remedy: remedy)])
    }

    private static func badLine(in bytes: [UInt8]) -> Int {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        return 1 + (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0)
    }

    private static func parse(_ source: String, file: String, tags: Set<String>) throws(Diagnostics) -> YAMLNode {
        do {
            // A node refers to its anchor weakly and only the parser keeps it: it must outlive the conversion.
            let parser = try Parser(yaml: source, resolver: .basic, encoding: .utf8)
            return try withExtendedLifetime(parser) {
                guard let node = try parser.singleRoot() else {
                    throw refusal("the file is empty", at: .init(file: file, line: 1, column: 1))
                }
                return try YAMLNode(node, file: file, tags: tags, depth: 0)
            }
        } catch let error as YamlError {
            throw Diagnostics([error.diagnostic(file: file)])
        } catch let error as Diagnostics {
            throw error
        } catch {
            throw refusal("the file could not be parsed: \(error)", at: .init(file: file))
        }
    }
}

extension YAMLNode {
    fileprivate init(
        _ node: Node, file: String, tags: Set<String>, depth: Int, isKey: Bool = false
    ) throws(Diagnostics) {
        line = node.mark?.line ?? 1
        column = node.mark?.column ?? 1
        content = .sequence([])
        let place = SourceLocation(file: file, line: line, column: column)
        func refuse(_ summary: String, _ remedy: String) -> Diagnostics {
            Diagnostics([Diagnostic(summary, at: place, remedy: remedy)])
        }
        if node.isAnchored { throw refuse("anchors and aliases are not accepted", "Write the value out") }
        if depth > YAMLDocument.depthLimit {
            throw refuse("nested more than \(YAMLDocument.depthLimit) deep", "Flatten it")
        }
        if !isKey, tags.contains(node.tagName) {
            tag = node.tagName
        } else if node.isTagged(isKey: isKey) {
            throw refuse("tags are not accepted", "Leave the tag out; quote the value if it is text")
        }
        switch node {
        case .scalar(let scalar): content = .scalar(scalar.string, YAMLStyle(scalar.style))
        case .sequence(let items):
            content = .sequence(
                try items.map { (item) throws(Diagnostics) in
                    try YAMLNode(item, file: file, tags: tags, depth: depth + 1)
                })
        case .mapping(let pairs):
            content = .mapping(
                try pairs.map { (pair) throws(Diagnostics) in
                    let key = try YAMLNode(pair.key, file: file, tags: tags, depth: depth + 1, isKey: true)
                    guard key.text != nil else { throw refuse("a key must be a single word", "Use a scalar key") }
                    return (key, try YAMLNode(pair.value, file: file, tags: tags, depth: depth + 1))
                })
        case .alias: throw refuse("anchors and aliases are not accepted", "Write the value out")
        }
    }
}

extension Node {
    fileprivate var isAnchored: Bool {
        switch self {
        case .scalar(let scalar): scalar.anchor != nil
        case .mapping(let mapping): mapping.anchor != nil
        case .sequence(let sequence): sequence.anchor != nil
        case .alias: true
        }
    }

    fileprivate var tagName: String {
        switch self {
        case .scalar(let scalar): scalar.tag.rawValue
        case .mapping(let mapping): mapping.tag.rawValue
        case .sequence(let sequence): sequence.tag.rawValue
        case .alias(let alias): alias.tag.rawValue
        }
    }

    fileprivate func isTagged(isKey: Bool) -> Bool {
        let name = Tag.Name(rawValue: tagName)
        // The parser itself gives the tag of a string to quoted scalars and, looking for duplicates, to keys.
        let isText = isKey || (scalar.map { YAMLStyle($0.style) != .plain } ?? false)
        return name != .implicit && !(isText && name == .str)
    }
}

extension YAMLStyle {
    fileprivate init(_ style: Node.Scalar.Style) {
        self =
            switch style {
            case .singleQuoted, .doubleQuoted: .quoted
            case .literal: .literal
            case .folded: .folded
            case .any, .plain: .plain
            }
    }
}

extension YamlError {
    fileprivate func diagnostic(file: String) -> Diagnostic {
        switch self {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = SourceLocation(file: file, line: mark.line, column: mark.column)
            let start = context.map { " (\($0.text), which starts at line \($0.mark.line))" } ?? ""
            if problem.contains("another document") { return .init("only one document is accepted", at: place) }
            return Diagnostic("not valid YAML: \(problem)\(start)", at: place)
        case .duplicatedKeysInMapping(let keys, let context):
            let mark = context.mark
            let place = SourceLocation(file: file, line: mark.line, column: mark.column)
            return Diagnostic("the key '\(keys.first ?? "")' is given twice in this mapping", at: place)
        case .reader(let problem, let offset, _, let yaml):
            let line = offset.map { yaml.prefix($0).unicodeScalars.count { $0 == "\n" } + 1 }
            return Diagnostic("not valid YAML: \(problem)", at: SourceLocation(file: file, line: line))
        default: return Diagnostic("not valid YAML: \(self)", at: SourceLocation(file: file))
        }
    }
}
