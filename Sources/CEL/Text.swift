/// Strings as CEL sees them: sequences of unicode scalars. Swift's `==` and `<` work on canonical equivalence instead.
///
/// UTF-8 keeps the order of scalars, so comparing bytes compares scalars.
enum Text {
    static func equal(_ left: String, _ right: String) -> Bool {
        // What Swift takes for two is two, and it sees that fast; what it takes for one may be é and e+U+0301.
        left == right && left.utf8.elementsEqual(right.utf8)
    }

    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// Index of the first occurrence of `needle` at or after `start`; the empty needle is found at once.
    static func firstIndex<Element: Equatable>(of needle: [Element], in text: [Element], from start: Int = 0) -> Int? {
        guard start >= 0, start + needle.count <= text.count else { return nil }
        return (start...(text.count - needle.count)).first { matches(needle, text, at: $0) }
    }

    /// Index of the last occurrence of `needle` at or before `start`.
    static func lastIndex<Element: Equatable>(of needle: [Element], in text: [Element], from start: Int) -> Int? {
        guard needle.count <= text.count, start >= 0 else { return nil }
        return (0...min(start, text.count - needle.count)).last { matches(needle, text, at: $0) }
    }

    private static func matches<Element: Equatable>(_ needle: [Element], _ text: [Element], at start: Int) -> Bool {
        for index in needle.indices where text[start + index] != needle[index] { return false }
        return true
    }

    static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
