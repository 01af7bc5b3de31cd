/// A host as an inventory writes it: a name with ranges, perhaps with a port (Ansible, "Adding ranges of hosts").
enum AnsiblePattern {
    /// The names it stands for, in order, and the port that all of them have.
    /// - Throws: for ranges that are none, that are empty, and that stand for too many hosts.
    static func expand(_ pattern: String) throws(AnsibleFault) -> (names: [String], port: Int?) {
        guard !pattern.hasSuffix(":") else {
            throw AnsibleFault("a host's name must not end with ':'", remedy: "Name a port after it, or take it out")
        }
        let (name, port) = try splitPort(pattern)
        var names = [""]
        var rest = name.unicodeScalars[...]
        while let open = rest.firstIndex(of: "[") {
            guard let close = rest[open...].firstIndex(of: "]") else { throw AnsibleFault("'[' is not closed") }
            let head = String(rest[..<open])
            let items = try range(String(rest[rest.index(after: open)..<close]))
            guard names.count * items.count <= InventoryFile.nodeLimit else {
                throw AnsibleFault("stands for more than \(InventoryFile.nodeLimit) hosts")
            }
            names = names.flatMap { name in items.map { name + head + $0 } }
            rest = rest[rest.index(after: close)...]
        }
        return (names.map { $0 + String(rest) }, port)
    }

    /// `name:22`, `[2001:db8::1]:22`. Without brackets an address of IPv6 has no port.
    private static func splitPort(_ pattern: String) throws(AnsibleFault) -> (String, Int?) {
        guard let colon = pattern.lastIndex(of: ":") else { return (pattern, nil) }
        let (host, digits) = (String(pattern[..<colon]), String(pattern[pattern.index(after: colon)...]))
        let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isNumber else { return (pattern, nil) }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.filter { $0 == "[" }.count == 1
        guard isBracketed || !hasColonOutsideRanges(host) else { return (pattern, nil) }
        guard let port = Int(digits), Endpoint.ports.contains(port) else {
            throw AnsibleFault("the port must be 1 to 65535, not \(Printable.escape(digits, limit: 20))")
        }
        return (isBracketed ? String(host.dropFirst().dropLast()) : host, port)
    }

    private static func hasColonOutsideRanges(_ text: String) -> Bool {
        var depth = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "[") { depth += 1 }
            if byte == UInt8(ascii: "]") { depth -= 1 }
            if byte == UInt8(ascii: ":"), depth <= 0 { return true }
        }
        return false
    }

    private static func range(_ text: String) throws(AnsibleFault) -> [String] {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), !parts[1].isEmpty else {
            throw AnsibleFault("a range must be [BEGIN:END] or [BEGIN:END:STEP], such as [01:20] or [a:f]")
        }
        guard let step = parts.count == 3 ? Int(parts[2]) : 1, step >= 1, isNumber(parts.count == 3 ? parts[2] : "1")
        else {
            throw AnsibleFault("a range's step must be a whole number above 0")
        }
        let begin = parts[0].isEmpty ? "0" : parts[0]
        let items = try isNumber(begin) ? numbers(begin, parts[1], step) : letters(begin, parts[1], step)
        guard !items.isEmpty else { throw AnsibleFault("a range must not end before it begins") }
        return items
    }

    private static func numbers(_ begin: String, _ end: String, _ step: Int) throws(AnsibleFault) -> [String] {
        guard isNumber(end), let first = Int(begin), let last = Int(end) else {
            throw AnsibleFault("a range must end with a number as it begins with one")
        }
        let width = begin.hasPrefix("0") && begin.utf8.count > 1 ? begin.utf8.count : 0
        guard width == 0 || width == end.utf8.count else {
            throw AnsibleFault("a range with leading zeros must have as many digits at its end")
        }
        guard first > last || (last - first) / step < InventoryFile.nodeLimit else {
            throw AnsibleFault("stands for more than \(InventoryFile.nodeLimit) hosts")
        }
        return stride(from: first, through: last, by: step).map { number in
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
    }

    // Small letters come before capital ones.
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

    private static func letters(_ begin: String, _ end: String, _ step: Int) throws(AnsibleFault) -> [String] {
        guard begin.count == 1, end.count == 1, let first = alphabet.firstIndex(of: Character(begin)),
            let last = alphabet.firstIndex(of: Character(end))
        else { throw AnsibleFault("a range must be of numbers or of single letters") }
        return stride(from: first, through: last, by: step).map { String(alphabet[$0]) }
    }

    private static func isNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}
