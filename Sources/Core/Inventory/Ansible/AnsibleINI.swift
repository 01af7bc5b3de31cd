/// Reads an Ansible inventory in INI format (documentation of the plugin `ansible.builtin.ini`).
struct AnsibleINI {
    /// The most bytes of a file.
    static let sizeLimit = 4 << 20
    private static let faultLimit = 50

    private let file: String
    private var inventory = AnsibleInventory()
    private var group = "ungrouped"
    private var section = Section.hosts
    private var line = 0
    private var faults: [Diagnostic] = []
    /// Groups with a section of their own, `:vars` not counted.
    private var declared: Set<String> = ["all", "ungrouped"]
    /// Groups that are spoken of, and where first.
    private var mentioned: [String: SourceLocation] = [:]
    private var hostCount = 0

    private enum Section: String { case hosts, children, vars }

    /// - Throws: every fault with its line.
    static func read(_ bytes: [UInt8], file: String) throws(Diagnostics) -> AnsibleInventory {
        guard bytes.count <= sizeLimit else {
            throw Diagnostics([
                Diagnostic("the file has more than \(sizeLimit) bytes", at: SourceLocation(file: file))
            ])
        }
        var reader = AnsibleINI(file: file)
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            reader.read(line)
            if reader.faults.count >= faultLimit { break }
        }
        reader.checkMentions()
        if !reader.faults.isEmpty { throw Diagnostics(reader.faults) }
        return reader.inventory
    }

    private init(file: String) { self.file = file }

    private var place: SourceLocation { SourceLocation(file: file, line: line) }

    private mutating func fault(_ summary: String, remedy: String? = nil) {
        faults.append(Diagnostic(summary, at: place, remedy: remedy))
    }

    private mutating func read(_ bytes: ArraySlice<UInt8>) {
        line += 1
        // Ansible forgives comments that are not UTF-8, and only those.
        let first = bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }
        guard let first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { return }
        guard let text = String(validating: bytes, as: UTF8.self) else { return fault("is not UTF-8 text") }
        let scalars = Array(text.unicodeScalars)
        let isOdd = scalars.dropLast(scalars.last == "\r" ? 1 : 0).contains { scalar in
            scalar != "\t" && (scalar.value < 0x20 || ["\u{7F}", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar))
        }
        if isOdd { return fault("has a control character", remedy: "Take it out: readers differ on what it means") }
        read(AnsibleWords.trimmed(text))
    }

    private mutating func read(_ text: String) {
        if let header = AnsibleINI.header(text) { return open(header) }
        if text.hasPrefix("["), text.hasSuffix("]") {
            return fault("is no section", remedy: "Write [GROUP], [GROUP:children] or [GROUP:vars], without spaces")
        }
        switch section {
        case .hosts: readHost(text)
        case .children: readChild(text)
        case .vars: readVariable(text)
        }
    }

    /// `[group]` or `[group:kind]`, perhaps with a comment.
    private static func header(_ text: String) -> (group: String, kind: String?)? {
        guard text.hasPrefix("["), let end = text.firstIndex(of: "]") else { return nil }
        let rest = AnsibleWords.trimmed(String(text[text.index(after: end)...]))
        let parts = text[text.index(after: text.startIndex)..<end].split(
            separator: ":", omittingEmptySubsequences: false
        ).map(String.init)
        guard rest.isEmpty || rest.hasPrefix("#"), parts.count <= 2, isGroup(parts[0]) else { return nil }
        guard parts.count == 2 else { return (parts[0], nil) }
        let isWord = !parts[1].isEmpty && parts[1].unicodeScalars.allSatisfy { $0.properties.isAlphabetic || $0 == "_" }
        return isWord ? (parts[0], parts[1]) : nil
    }

    private static func isGroup(_ text: String) -> Bool {
        !text.isEmpty && !text.unicodeScalars.contains { $0.properties.isWhitespace || $0 == ":" || $0 == "]" }
    }

    private mutating func open(_ header: (group: String, kind: String?)) {
        guard let kind = Section(rawValue: header.kind ?? "hosts") else {
            return fault("a section is of hosts, 'children' or 'vars', not '\(header.kind ?? "")'")
        }
        (group, section) = (header.group, kind)
        inventory.add(group: group)
        if kind == .vars { mentioned[group] = mentioned[group] ?? place } else { declared.insert(group) }
    }

    private mutating func readHost(_ text: String) {
        do throws(AnsibleFault) {
            let words = try AnsibleWords.split(text)
            guard let pattern = words.first else { return }
            let (names, port) = try AnsiblePattern.expand(pattern)
            hostCount += names.count
            guard hostCount <= InventoryFile.nodeLimit else {
                throw AnsibleFault("there are more than \(InventoryFile.nodeLimit) hosts")
            }
            let variables = try words.dropFirst().map { (word) throws(AnsibleFault) in try variable(word) }
            for name in names {
                inventory.add(host: name, to: group, port: port, at: place)
                for (key, value) in variables { inventory.set(key, of: name, to: value) }
            }
        } catch {
            fault(error.summary, remedy: error.remedy)
        }
    }

    private mutating func readChild(_ text: String) {
        let word =
            text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
        let child = AnsibleWords.trimmed(word)
        guard Self.isGroup(child), child == word || text.contains("#") else { return fault("must be a group's name") }
        guard child != "all" else { return fault("'all' is above every group and cannot be a child") }
        mentioned[child] = mentioned[child] ?? place
        inventory.add(child: child, to: group)
    }

    private mutating func readVariable(_ text: String) {
        do throws(AnsibleFault) {
            let (key, value) = try variable(text)
            inventory.set(AnsibleWords.trimmed(key), of: group, to: value)
        } catch {
            fault(error.summary, remedy: error.remedy)
        }
    }

    private func variable(_ text: String) throws(AnsibleFault) -> (String, AnsibleValue) {
        guard let equals = text.firstIndex(of: "=") else {
            throw AnsibleFault("must be KEY=VALUE: '\(Printable.escape(text, limit: 60))'")
        }
        let value =
            section == .vars
            ? AnsibleWords.trimmed(String(text[text.index(after: equals)...]))
            : String(text[text.index(after: equals)...])
        return (String(text[..<equals]), AnsibleValue(content: AnsibleLiteral.content(of: value), place: place))
    }

    private mutating func checkMentions() {
        for (name, place) in mentioned.sorted(by: { ($0.value.line ?? 0) < ($1.value.line ?? 0) })
        where !declared.contains(name) {
            let hint = Suggestion.hint(for: name, among: declared.sorted())
            faults.append(
                Diagnostic("there is no group '\(Printable.escape(name, limit: 60))'\(hint)", at: place))
        }
    }
}

/// What is wrong with a part of a line.
struct AnsibleFault: Error {
    let summary: String
    let remedy: String?

    init(_ summary: String, remedy: String? = nil) {
        self.summary = summary
        self.remedy = remedy
    }
}
