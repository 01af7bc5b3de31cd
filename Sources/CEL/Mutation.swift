/// A small change of an expression: what the tests of the expression ought to notice.
public struct Mutation: Sendable, Hashable {
    /// The operator or constant that is replaced.
    public let range: SourceRange
    /// What stands in its place; empty for a `!` that is left out.
    public let replacement: String

    fileprivate func applied(to source: String) -> String {
        let bytes = Array(source.utf8)
        let changed =
            bytes.prefix(range.offset) + Array(replacement.utf8) + bytes.dropFirst(range.offset + range.length)
        return String(decoding: changed, as: UTF8.self)
    }
}

extension Program {
    /// What the program would be after each small change of one comparison, `&&`, `||`, `!`, integer, duration or string,
    /// in the order of its text.
    ///
    /// A comparison becomes its opposite and, where it orders, the one that treats equals the other way; a number and a
    /// duration become one more and one less. Changes that do not compile to a value of the same type are left out.
    public var mutants: [(mutation: Mutation, program: Program)] {
        Mutation.all(of: source).compactMap { mutation in
            guard let mutant = try? compiling(mutation.applied(to: source)), mutant.type == type else { return nil }
            return (mutation, mutant)
        }
    }
}

extension Mutation {
    fileprivate static func all(of source: String) -> [Mutation] {
        let tokens = (try? Lexer.tokens(of: source)) ?? []
        return tokens.indices.flatMap { index in
            let isDuration =
                index >= 2 && tokens[index - 1].isSymbol("(")
                && tokens[index - 2].kind == .identifier("duration", reserved: false)
            return replacements(of: tokens[index].kind, isDuration: isDuration).map {
                Mutation(range: tokens[index].range, replacement: $0)
            }
        }
    }

    private static let operators = [
        "==": ["!="], "!=": ["=="], "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"],
        "&&": ["||"], "||": ["&&"], "!": [""],
    ]

    private static func replacements(of kind: Token.Kind, isDuration: Bool) -> [String] {
        switch kind {
        case .symbol(let symbol): return operators[symbol] ?? []
        case .int(let number): return neighbours(of: number)
        case .uint(let number): return neighbours(of: number).map { $0 + "u" }
        case .string(let text):
            guard isDuration, let duration = try? Duration(parsingCEL: text) else {
                return [Text.equal(text, "~") ? "'-'" : "'~'"]
            }
            return [duration + .seconds(1), duration - .seconds(1)].map { "'\($0.celDescription)'" }
        default: return []
        }
    }

    private static func neighbours(of number: UInt64) -> [String] {
        let less = number == 0 ? [] : [number - 1]
        let more = number == .max ? [] : [number + 1]
        return (more + less).map(String.init)
    }
}
