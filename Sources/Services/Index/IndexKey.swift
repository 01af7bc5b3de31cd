/// Names as the index compares them. Swift's strings are equal when they are canonically equivalent, SQL's when their bytes are; so that
/// no entry is missed, equal strings have equal keys. What is found by a key is compared again as it stands in the log.
enum IndexKey {
    /// The key of all that is not ASCII: such names are few.
    static let other = "\u{FFFD}"
    /// The characters outside of ASCII that are canonically equivalent to one in it (UnicodeData.txt, field 5).
    private static let twins: [Unicode.Scalar: Unicode.Scalar] = ["\u{212A}": "K", "\u{37E}": ";", "\u{1FEF}": "`"]

    /// A name's key: itself where it is ASCII without NUL, at which SQL's strings end.
    static func key(_ name: String) -> String {
        if isPlain(name) { return name }
        var text = String.UnicodeScalarView()
        for scalar in name.unicodeScalars { text.append(twins[scalar] ?? scalar) }
        return isPlain(String(text)) ? String(text) : other
    }

    private static func isPlain(_ name: String) -> Bool { name.utf8.allSatisfy { 1..<0x80 ~= $0 } }
}
