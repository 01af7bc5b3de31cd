import Core
import Foundation

@testable import Commands
@testable import Engine

/// What a node, a file of others or a person may put into a text so that whoever reads it is deceived.
enum Hostile {
    /// Clears the screen, names a link, rings, colours, goes back to the line's beginning, by C1 too; turns the order of
    /// letters round, hides some, ends the string or the line, and begins a line of its own. Without NUL: see ``text``.
    static let printed =
        "\u{1B}[2J\u{1B}]8;;http://x\u{7}\u{1B}[5m\r\u{9B}2J\u{90}\u{7F}\u{202E}\u{2066}\u{200F}\u{61C}\u{200B}\u{FEFF}"
        + "\u{2028}\u{2029}\u{85}\t\n\(forged)"
    /// The same with NUL, which what a node prints is not text with.
    static let text = "\u{0}" + printed
    /// One word of it, for what has no blanks.
    static let word = "x\u{1B}[2J\u{9B}\u{7}\u{202E}\u{200B}"
    /// How the line begins that must not be taken for one of ours.
    static let forged = "FORGED"

    /// What a terminal acts on, or a reader is deceived by, but for newlines. Not by the code that is tested.
    static func found(in text: String) -> [Unicode.Scalar] {
        text.unicodeScalars.filter { scalar in
            switch scalar.value {
            case 0x0A: false
            case 0..<0x20, 0x7F...0x9F, 0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: true
            default: false
            }
        }
    }

    /// Whether some of it was there and is spelled out: otherwise nothing was tried.
    static func isSpelled(in text: String) -> Bool {
        ["\\u{1b}", "\\u001b", "\\x1b", "\u{FFFD}", "\\u{202e}", "\\u202e"].contains { text.contains($0) }
    }

    /// A value with all this behind each of its texts and names that may hold it; the others stay as they are.
    ///
    /// By its JSON, so that a field that somebody adds is not forgotten. A text that stands in several places is changed in
    /// all of them, so that names still fit each other.
    /// - Parameter words: texts that stay.
    static func everywhere<Value: Codable>(_ value: Value, but words: Set<String> = []) throws -> Value {
        var best = try Tree(of: value)
        for areKeys in [false, true] {
            // JSON in a text is somebody's signed bytes; what is hostile already is so.
            for word in best.words(keys: areKeys).subtracting(words)
            where !word.hasPrefix("{") && !word.contains(forged) {
                let candidates = [text, printed].map { best.replacing(word, by: word + $0, keys: areKeys) }
                let fit = candidates.first { candidate in
                    guard let made = try? candidate.decoded(as: Value.self) else { return false }
                    return (try? Tree(of: made)) == candidate
                }
                best = fit ?? best
            }
        }
        return try best.decoded(as: Value.self)
    }
}

/// JSON as a value.
private indirect enum Tree: Codable, Equatable {
    case null, bool(Bool), number(Int64), text(String), list([Tree]), object([String: Tree])

    init(of value: some Encodable) throws { self = try JSON.decode(Tree.self, from: JSON.encode(value)) }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let number = try? container.decode(Int64.self) {
            self = .number(number)
        } else if let list = try? container.decode([Tree].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: Tree].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .list(let list): try container.encode(list)
        case .object(let members): try container.encode(members)
        }
    }

    func decoded<Value: Decodable>(as type: Value.Type) throws -> Value {
        try JSON.decode(type, from: JSON.encode(self))
    }

    func words(keys: Bool) -> Set<String> {
        switch self {
        case .null, .bool, .number: []
        case .text(let text): keys ? [] : [text]
        case .list(let list): list.reduce(into: []) { $0.formUnion($1.words(keys: keys)) }
        case .object(let members):
            members.values.reduce(into: keys ? Set(members.keys) : []) { $0.formUnion($1.words(keys: keys)) }
        }
    }

    func replacing(_ word: String, by other: String, keys: Bool) -> Tree {
        switch self {
        case .null, .bool, .number: self
        case .text(let text): text == word && !keys ? .text(other) : self
        case .list(let list): .list(list.map { $0.replacing(word, by: other, keys: keys) })
        case .object(let members):
            .object(
                Dictionary(
                    members.map { key, value in
                        (keys && key == word ? other : key, value.replacing(word, by: other, keys: keys))
                    }, uniquingKeysWith: { $1 }))
        }
    }
}
