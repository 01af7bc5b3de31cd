/// Paths as texts: this target never touches a file.
enum RelativePath {
    /// A path written in a file, as seen from where the reader of that file stands.
    ///
    /// Absolute paths and `~/…` stay (whoever opens the file expands the latter).
    static func resolve(_ path: String, relativeTo file: String) -> String {
        guard !path.hasPrefix("/"), !path.hasPrefix("~/"), let slash = file.utf8.lastIndex(of: 0x2F) else {
            return path
        }
        let relative = path.hasPrefix("./") ? path.dropFirst(2) : path[...]
        return String(file[...slash]) + relative
    }
}

extension YAMLFields {
    /// A path relative to the document's file.
    func optionalPath(_ name: String) -> String? {
        let text = optionalString(name)
        if let text, text.isEmpty || text.utf8.contains(0) { error(name, "must be a path") }
        return text.map { RelativePath.resolve($0, relativeTo: log.file) }
    }

    /// The same with a default, which is relative to the file too.
    func path(_ name: String, default fallback: String) -> String {
        optionalPath(name) ?? RelativePath.resolve(fallback, relativeTo: log.file)
    }

    /// A list of paths, with a default for a list that is not given.
    func paths(_ name: String, default fallback: [String] = []) -> [String] {
        let texts = node(name) == nil ? fallback : strings(name)
        return texts.map { RelativePath.resolve($0, relativeTo: log.file) }
    }
}
