/// Files of variables beside an inventory: `group_vars/GROUP` and `host_vars/HOST`, each a file, with or without one of
/// three extensions, or a folder of such files (documentation of the plugin `ansible.builtin.host_group_vars`).
struct AnsibleVariables {
    private static let extensions = ["yml", "yaml", "json"]

    private let files: [String: [UInt8]]
    private let names: [String]
    /// For messages.
    private let folder: String
    private var read: [String: [String: AnsibleValue]] = [:]
    private(set) var faults: [Diagnostic] = []
    private(set) var notes: [SourceNote] = []

    /// - Parameter inventory: the inventory's path; the files' paths are from its folder.
    init(_ files: [String: [UInt8]], inventory: String) {
        self.files = files
        names = files.keys.sorted()
        folder = inventory.lastIndex(of: "/").map { String(inventory[...$0]) } ?? ""
    }

    /// The variables of a group or a host.
    /// - Parameter kind: `group_vars` or `host_vars`.
    mutating func variables(_ kind: String, of name: String) -> [String: AnsibleValue] {
        let stem = "\(kind)/\(name)"
        if let known = read[stem] { return known }
        let variables = paths(stem).map { load($0) }.reduce(into: [:]) { $0.merge($1) { _, last in last } }
        read[stem] = variables
        return variables
    }

    // What has no extension comes before what has; of several only the first counts.
    private func paths(_ stem: String) -> [String] {
        if files[stem] != nil { return [stem] }
        let inside = below(stem + "/")
        if !inside.isEmpty { return inside.filter { Self.isRead(String($0.dropFirst(stem.utf8.count + 1))) } }
        return Self.extensions.map { "\(stem).\($0)" }.first { files[$0] != nil }.map { [$0] } ?? []
    }

    private func below(_ prefix: String) -> [String] { files.isEmpty ? [] : names.filter { $0.hasPrefix(prefix) } }

    /// Hidden files, backups, folders with an extension and files with another are left out.
    private static func isRead(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard let last = parts.last, !parts.contains(where: { $0.hasPrefix(".") || $0.hasSuffix("~") }) else {
            return false
        }
        let ending = last.contains(".") ? last.split(separator: ".").last.map(String.init) : nil
        return parts.dropLast().allSatisfy { !$0.contains(".") } && (ending.map(extensions.contains) ?? true)
    }

    private mutating func load(_ path: String) -> [String: AnsibleValue] {
        let (bytes, file) = (files[path] ?? [], folder + path)
        if bytes.starts(with: "$ANSIBLE_VAULT".utf8) {
            notes.append(
                SourceNote(
                    summary: "the file is encrypted and was not read",
                    remedy:
                        "If it sets a node's address, user, port or key, say so under 'nodes' in the inventory's own file",
                    place: SourceLocation(file: file)))
            return [:]
        }
        // The variables that Belay reads all begin so. Files without any need not be such that Belay can read them.
        guard bytes.contains("ansible_".utf8) else { return [:] }
        do throws(Diagnostics) {
            return try AnsibleYAML.variables(bytes, file: file)
        } catch {
            faults += error.all
            return [:]
        }
    }
}

extension [UInt8] {
    fileprivate func contains(_ word: some Collection<UInt8>) -> Bool {
        let word = Array(word)
        guard let first = word.first, count >= word.count else { return false }
        return (0...count - word.count).contains { self[$0] == first && self[$0..<$0 + word.count].elementsEqual(word) }
    }
}
