extension Parameter {
    /// Reads the declaration of a parameter.
    init(_ name: String, _ fields: YAMLFields) {
        self.name = name
        type = fields.choice("type")
        allowed = fields.strings("enum")
        required = fields.bool("required", default: false)
        description = fields.string("description")
        location = fields.log.location(fields.mapping)
        isSecret = fields.bool("secret", default: false)
        // Without a linear-time engine a pattern could hang the planner; the actions check what they are given anyway.
        fields.refuseUnsupported("pattern")
        check(fields)
        // A boolean's default is a bare true or false, which no text may be.
        let text = type == .boolean ? fields.node("default")?.text : fields.optionalString("default")
        if let text { readDefault(text, fields) }
        if isSecret, type != .string || !allowed.isEmpty || text != nil {
            fields.error(
                "secret", "a secret is a string without enum and default",
                remedy: "What stands in a runbook is none: take them out, and give it with --param-file")
        }
    }

    private mutating func readDefault(_ text: String, _ fields: YAMLFields) {
        switch read(text) {
        case .success(let value): fallback = value
        case .failure(let fault): fields.error("default", fault.message)
        }
        if required { fields.error("default", "a required parameter has no default", remedy: "Leave one of them out") }
    }

    private func check(_ fields: YAMLFields) {
        if !Self.isName(name) {
            fields.error("", "'\(name)' cannot name a parameter: a letter, then letters, digits and '_'")
        }
        var unchecked = self
        unchecked.allowed = []
        for text in allowed {
            if case .failure(let fault) = unchecked.read(text) { fields.error("enum", fault.message) }
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.first, first.isASCII, first.isLetter, text.utf8.count <= 64 else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    /// Why a value is not one of this parameter's.
    struct Fault: Error {
        var message: String
    }

    /// Reads a value given as text.
    func read(_ text: String) -> Result<ParameterValue, Fault> {
        if isSecret, text.utf8.count < Redactor.leastSecret {
            let least =
                "at least \(Redactor.leastSecret) bytes: a shorter one could not be told from other text in the log"
            return .failure(Fault(message: "a secret has \(least)"))
        }
        let shown = "'\(text.prefix(80))'"
        let value: ParameterValue
        switch type {
        case .string: value = .string(text)
        case .integer:
            guard let number = Int64(text) else { return .failure(Fault(message: "\(shown) is not a whole number")) }
            value = .integer(number)
        case .boolean:
            guard let flag = Bool(text) else { return .failure(Fault(message: "\(shown) is not true or false")) }
            value = .boolean(flag)
        }
        if !allowed.isEmpty, !allowed.contains(value.text) {
            let hint = Suggestion.nearest(to: text, among: allowed).map { "; did you mean '\($0)'?" } ?? ""
            return .failure(Fault(message: "must be one of \(allowed.joined(separator: ", ")), not \(shown)\(hint)"))
        }
        return .success(value)
    }
}
