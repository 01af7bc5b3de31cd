import CEL

/// The lines that a ``SurveyRead`` prints: a first word that says what a line is, and words behind it. Text is quoted as Go's
/// `%q` does it: it cannot end a line or a word, whatever people wrote into their objects.
///
/// One line that is none of these, and the whole answer is unknown: it is then not our template's, and nothing in it
/// can be told from a made-up line.
struct SurveyRows: Sendable {
    let rows: [Row]

    /// A line.
    struct Row: Sendable {
        let kind: String
        fileprivate let words: [String]

        /// A word as text, safe to print.
        func text(_ index: Int, limit: Int = 300) -> String { Printable.escape(words[index], limit: limit) }

        /// A word as a number.
        func number(_ index: Int) -> Int { SurveyRows.number(words[index]) ?? 0 }

        /// A word as an instant; an unknown says what of has none.
        func instant(_ index: Int) -> Fact<Timestamp> {
            Timestamp(words[index]).map(Fact.known) ?? .unknown("the API does not say since when")
        }
    }

    /// What kinds of lines there are: kind → a letter for each word, `s` quoted text, `n` a number, `w` any bare word.
    typealias Shapes = [String: String]

    static func read(_ text: String, _ shapes: Shapes) -> Fact<SurveyRows> {
        var rows: [Row] = []
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            guard let row = row(line, shapes) else {
                let text = Printable.escape(String(Substring(line.prefix(200))), limit: 60)
                return .unknown("kubectl printed a line that was not asked for: '\(text)'")
            }
            rows.append(row)
        }
        return .known(SurveyRows(rows: rows))
    }

    private static func row(_ line: Substring.UTF8View, _ shapes: Shapes) -> Row? {
        var words = SurveyWords(Array(line))
        guard let kind = words.bare(), let shape = shapes[kind] else { return nil }
        var found: [String] = []
        for letter in shape.utf8 {
            guard let word = letter == UInt8(ascii: "s") ? words.quoted() : words.bare() else { return nil }
            if letter == UInt8(ascii: "n"), number(word) == nil { return nil }
            found.append(word)
        }
        return words.isAtEnd ? Row(kind: kind, words: found) : nil
    }

    /// Go prints a large one as `1.234567e+06` where it was read as a double.
    private static func number(_ word: String) -> Int? {
        word.utf8.count <= 30 ? Int(word) ?? Double(word).flatMap { Int(exactly: $0) } : nil
    }

    /// The lines in groups, each of which begins with a line of one of these kinds.
    func groups(by leaders: Set<String>) -> [(leader: Row, rest: ArraySlice<Row>)] {
        let starts = rows.indices.filter { leaders.contains(rows[$0].kind) }
        return zip(starts, starts.dropFirst() + [rows.endIndex]).map { (rows[$0], rows[($0 + 1)..<$1]) }
    }

    func all(_ kind: String) -> [Row] { rows.filter { $0.kind == kind } }

    /// The number that the only line of a kind is.
    func count(_ kind: String, of what: String) -> Fact<Value> {
        guard let count = all(kind).first else { return .unknown("kubectl printed no number of \(what)") }
        return .known(.int(Int64(count.number(0))))
    }
}

/// Reads the words of a line, one space between them.
struct SurveyWords {
    private let bytes: [UInt8]
    private var next = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { next >= bytes.count }

    /// Printable ASCII without spaces and quotes.
    mutating func bare() -> String? {
        guard takeSpace() else { return nil }
        let word = bytes[next...].prefix { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") }
        next += word.count
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }

    /// Text as Go's `%q` writes it.
    mutating func quoted() -> String? {
        guard takeSpace(), take(UInt8(ascii: "\"")) else { return nil }
        var text: [UInt8] = []
        while next < bytes.count {
            let byte = bytes[next]
            next += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let unit = escaped() else { return nil }
                text += unit
            case ..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    private static let letters: [UInt8: UInt8] = [
        UInt8(ascii: "a"): 0x07, UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
        UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09, UInt8(ascii: "v"): 0x0B, UInt8(ascii: "\\"): 0x5C,
        UInt8(ascii: "\""): 0x22,
    ]

    private mutating func escaped() -> [UInt8]? {
        guard next < bytes.count else { return nil }
        let letter = bytes[next]
        next += 1
        if let byte = Self.letters[letter] { return [byte] }
        switch letter {
        case UInt8(ascii: "x"): return hex(2).map { [UInt8($0)] }
        case UInt8(ascii: "u"): return hex(4).flatMap(Unicode.Scalar.init).map { Array(String($0).utf8) }
        case UInt8(ascii: "U"): return hex(8).flatMap(Unicode.Scalar.init).map { Array(String($0).utf8) }
        default: return nil
        }
    }

    private mutating func hex(_ count: Int) -> UInt32? {
        guard bytes.count - next >= count else { return nil }
        let digits = String(decoding: bytes[next..<(next + count)], as: UTF8.self)
        guard digits.utf8.allSatisfy({ UInt8(ascii: "+") != $0 && UInt8(ascii: "-") != $0 }) else { return nil }
        next += count
        return UInt32(digits, radix: 16)
    }

    private mutating func takeSpace() -> Bool { next == 0 || take(UInt8(ascii: " ")) }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next < bytes.count, bytes[next] == byte else { return false }
        next += 1
        return true
    }
}
