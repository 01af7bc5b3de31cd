/// What the scripts of a group print: lines of a mark, a name and values between tabs.
///
///     =NAME     VALUE            a field of one value
///     ?NAME     CAUSE            why the field is not known
///     +NAME     COLUMN …         one more of a list; the first column of a map's is its key
///     +NAME.SUB KEY ITEM         one more of the list `sub` of the message under a key
///     .NAME                      the list or map is complete
///
/// A line is true by itself: of a script that was ended early, what it had printed counts. A field that no line settles is
/// unknown, and so is a list without its end, so that silence is never taken for "none".
struct FactReport {
    /// Lines that are read of one answer; the bounds of bytes make it fewer.
    private static let lineLimit = 4096

    private(set) var values: [String: Substring] = [:]
    private(set) var causes: [String: String] = [:]
    private(set) var items: [String: [[Substring]]] = [:]
    private(set) var complete: Set<String> = []
    /// Why a field that nothing was said of is not known.
    private(set) var silence = "the node said nothing about it"

    /// What all of these texts say.
    init(texts: [String]) {
        for text in texts { read(text) }
    }

    /// What a group's questions were answered.
    init(_ answers: FactAnswers) {
        let parts = answers.questions.indices.map(answers.part)
        self.init(texts: parts.map(\.text))
        if let fault = parts.lazy.compactMap(\.fault).first { silence = fault }
    }

    /// Sets a field of one value.
    mutating func set(_ name: String, _ value: String) { values[name] = Substring(value) }

    /// Sets a list of single values.
    mutating func set(_ name: String, _ list: [String]) {
        items[name] = list.map { [Substring($0)] }
        complete.insert(name)
    }

    /// Makes a field unknown.
    mutating func fail(_ name: String, _ cause: String) { causes[name] = cause }

    private mutating func read(_ text: String) {
        for line in text.lines.prefix(Self.lineLimit) {
            let words = line.dropFirst().split(separator: "\t", omittingEmptySubsequences: false)
            guard let mark = line.utf8.first, let name = words.first.map(String.init), !name.isEmpty else { continue }
            switch mark {
            case UInt8(ascii: "="): values[name] = values[name] ?? Self.joined(words.dropFirst())
            case UInt8(ascii: "?"):
                causes[name] = causes[name] ?? Printable.escape(String(Self.joined(words.dropFirst())), limit: 200)
            case UInt8(ascii: "+"): items[name, default: []].append(Array(words.dropFirst()))
            case UInt8(ascii: "."): complete.insert(name)
            default: continue
            }
        }
    }

    /// A value's own tabs are part of it.
    static func joined(_ columns: some Collection<Substring>) -> Substring {
        Substring(columns.joined(separator: "\t"))
    }
}
