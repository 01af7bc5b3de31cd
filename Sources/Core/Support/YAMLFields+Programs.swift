public import CEL

extension YAMLFields {
    /// A CEL expression, compiled; nil after an error, which is placed inside the expression where that is possible.
    public func program(_ name: String, declarations: Declarations, expecting: CELType? = .bool) -> Program? {
        let source = string(name)
        return source.isEmpty ? nil : compile(source, name, declarations: declarations, expecting: expecting)
    }

    /// A CEL expression that may be left out.
    public func optionalProgram(_ name: String, declarations: Declarations, expecting: CELType? = .bool) -> Program? {
        optionalString(name).flatMap { compile($0, name, declarations: declarations, expecting: expecting) }
    }

    private func compile(_ source: String, _ name: String, declarations: Declarations, expecting: CELType?) -> Program?
    {
        do {
            return try Program.compile(source, declarations: declarations, expecting: expecting)
        } catch {
            for fault in error.diagnostics { record(fault, name, source: source) }
            return nil
        }
    }

    private func record(_ fault: CEL.Diagnostic, _ name: String, source: String) {
        var place = location(of: name)
        if let node = node(name) {
            let found = ScalarPlaces(node: node, source: log.text).place(line: fault.line, column: fault.column)
            let isExact = found != (node.line, node.column) || (fault.line, fault.column) == (1, 1)
            place.line = found.line
            place.column = found.column
            place.length = isExact ? source.scalarCount(fromByte: fault.offset, bytes: fault.length) : 1
        }
        record(Diagnostic(fault.message, at: place, field: path(of: name)))
    }
}

extension String {
    fileprivate func scalarCount(fromByte offset: Int, bytes: Int) -> Int {
        let marked = utf8.dropFirst(offset).prefix(bytes)
        return Swift.max(1, marked.prefix { $0 != 0x0A }.count { $0 & 0xC0 != 0x80 })
    }
}
