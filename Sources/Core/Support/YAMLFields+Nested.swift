extension YAMLFields {
    /// A mapping that must be given. When it is missing the closure still runs, on nothing, to make the stand-in.
    public func mapping<T>(_ name: String, _ body: (YAMLFields) -> T) -> T {
        let node = node(name)
        if node == nil { missing(name, "a mapping") }
        return Self.read(node, path: path(of: name), log: log, body)
    }

    /// A mapping, nil when it is not given.
    public func optionalMapping<T>(_ name: String, _ body: (YAMLFields) -> T) -> T? {
        node(name).map { Self.read($0, path: path(of: name), log: log, body) }
    }

    /// A list of mappings; empty when it is not given.
    public func list<T>(_ name: String, _ body: (YAMLFields) -> T) -> [T] {
        guard let node = node(name) else { return [] }
        guard case .sequence(let items) = node.content else {
            error(name, "must be a list, not \(node.kind)")
            return []
        }
        return items.enumerated().map { Self.read($1, path: "\(path(of: name))[\($0)]", log: log, body) }
    }

    /// A list of mappings with at least one item.
    public func nonEmptyList<T>(_ name: String, _ body: (YAMLFields) -> T) -> [T] {
        guard let node = node(name) else {
            missing(name, "a list with at least one item")
            return []
        }
        if case .sequence(let items) = node.content, items.isEmpty { error(name, "must have at least one item") }
        return list(name, body)
    }

    /// A mapping from names the author chose to mappings, in the order of the file; empty when it is not given.
    public func entries<T>(_ name: String, _ body: (String, YAMLFields) -> T) -> [T] {
        pairs(name).map { key, value in
            Self.read(value, path: "\(path(of: name)).\(key)", log: log) { body(key, $0) }
        }
    }

    /// A mapping from names the author chose to scalars or lists of them; empty when it is not given.
    public func settings(_ name: String) -> [String: PolicyParam] {
        var values: [String: PolicyParam] = [:]
        for (key, value) in pairs(name) {
            let path = "\(path(of: name)).\(key)"
            if case .sequence(let items) = value.content {
                values[key] = .list(items.enumerated().compactMap { scalar($1, path: "\(path)[\($0)]") })
            } else {
                values[key] = scalar(value, path: path).map(PolicyParam.single)
            }
        }
        return values
    }

    private func scalar(_ value: YAMLNode, path: String) -> YAMLScalar? {
        guard case .scalar = value.content else {
            log.error("must be a single value, not \(value.kind)", at: value, field: path)
            return nil
        }
        if case .ambiguous(let text) = value.scalar {
            log.error(
                "is \(value.kind)", at: value, field: path,
                remedy: "Write true or false, or \"\(text)\" in quotes")
        }
        return value.scalar
    }

    /// A mapping from names the author chose to texts; empty when it is not given.
    public func texts(_ name: String) -> [String: String] {
        var values: [String: String] = [:]
        for (key, value) in pairs(name) { values[key] = text(value, "\(name).\(key)") }
        return values
    }

    /// The pairs of an optional mapping with free keys.
    func pairs(_ name: String) -> [(String, YAMLNode)] {
        guard let node = node(name) else { return [] }
        guard case .mapping(let pairs) = node.content else {
            error(name, "must be a mapping, not \(node.kind)")
            return []
        }
        return pairs.compactMap { pair in pair.key.text.map { ($0, pair.value) } }
    }

    /// Checks `apiVersion: belay/v1` and `kind`, the first two fields of every file.
    public func header(kind: String) {
        let version = string("apiVersion")
        if !version.isEmpty, version != "belay/v1" { error("apiVersion", "must be belay/v1, not '\(version)'") }
        let found = string("kind")
        if !found.isEmpty, found != kind { error("kind", "must be \(kind) in this place, not '\(found)'") }
    }

    /// Refuses items of a list that bear the same name.
    public func refuseDuplicates(_ name: String, _ names: [String]) {
        var seen: Set<String> = []
        guard case .sequence(let items) = node(name)?.content, items.count == names.count else { return }
        for (item, text) in zip(items, names) where !text.isEmpty && !seen.insert(text).inserted {
            log.error("the name '\(text)' is taken by an earlier item", at: item, field: path(of: name))
        }
    }
}
