extension ArgumentTemplates {
    /// Reads a step's `with:`.
    init(_ name: String, of fields: YAMLFields, parameters: [String]) {
        let reader = TemplateReader(fields: fields, parser: TemplateParser(declared: parameters))
        for (argument, node) in fields.pairs(name) {
            values[argument] = reader.template(node, path: "\(fields.path(of: name)).\(argument)")
            locations[argument] = fields.log.location(node)
        }
    }
}

private struct TemplateReader {
    let fields: YAMLFields
    let parser: TemplateParser

    /// The template of a value; an error is recorded and gives an empty text.
    func template(_ node: YAMLNode, path: String) -> Template {
        switch node.content {
        case .sequence(let items): return .list(items.enumerated().map { template($1, path: "\(path)[\($0)]") })
        case .mapping:
            fields.log.error("must be a single value or a list, not a mapping", at: node, field: path)
            return .text([])
        case .scalar(let text, _): return scalar(node, text, path: path)
        }
    }

    private func scalar(_ node: YAMLNode, _ text: String, path: String) -> Template {
        switch node.scalar {
        case .bool(let flag): return .flag(flag)
        case .null, .ambiguous:
            let remedy = "Write \"\(text)\" in quotes for the text, or true or false"
            fields.log.error("is \(node.kind)", at: node, field: path, remedy: remedy)
            return .text([])
        case .int, .double, .string: break
        }
        switch parser.parse(text) {
        case .success(let pieces): return .text(pieces)
        case .failure(let fault):
            record(fault, in: node, text, path: path)
            return .text([])
        }
    }

    private func record(_ fault: TemplateParser.Fault, in node: YAMLNode, _ text: String, path: String) {
        let before = text.unicodeScalars.prefix(fault.offset)
        let line = 1 + before.count { $0 == "\n" }
        let column = 1 + before.reversed().prefix { $0 != "\n" }.count
        let found = ScalarPlaces(node: node, source: fields.log.text).place(line: line, column: column)
        let place = SourceLocation(file: fields.log.file, line: found.line, column: found.column, length: 2)
        fields.record(Diagnostic(fault.message, at: place, field: path))
    }
}
