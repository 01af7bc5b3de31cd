/// A value under `with:` in which parameters are still to be filled in.
///
/// `{{ parameters.x }}` is the only form. A filled-in value stays inside its one argument, and what it holds is never
/// read as a template again, so no value of a parameter can become a second word or a command.
public indirect enum Template: Sendable, Hashable {
    /// A text in pieces.
    case text([Piece])
    /// `true` or `false`.
    case flag(Bool)
    /// A list of values.
    case list([Template])

    /// A piece of a text.
    public enum Piece: Sendable, Hashable {
        /// Text as it stands.
        case literal(String)
        /// The value of a parameter.
        case parameter(String)
    }

    /// The value with its parameters filled in; they must all be there, as ``Runbook/parse(_:file:)`` and binding made sure.
    func filled(with parameters: [String: ParameterValue]) -> ArgumentValue {
        switch self {
        case .flag(let flag): .flag(flag)
        case .list(let items): .list(items.map { $0.filled(with: parameters) })
        case .text(let pieces):
            .text(
                pieces.map { piece in
                    switch piece {
                    case .literal(let text): text
                    case .parameter(let name): parameters[name]?.text ?? ""
                    }
                }.joined())
        }
    }

    /// Whether it depends on any parameter.
    var hasParameters: Bool {
        switch self {
        case .flag: false
        case .list(let items): items.contains(where: \.hasParameters)
        case .text(let pieces): pieces.contains { if case .parameter = $0 { true } else { false } }
        }
    }
}

/// The `with:` of a step before binding, with the places of its arguments.
public struct ArgumentTemplates: Sendable {
    /// Argument name → template.
    public var values: [String: Template] = [:]
    var locations: [String: SourceLocation] = [:]

    /// The arguments for some parameters.
    public func filled(with parameters: [String: ParameterValue]) -> Arguments {
        Arguments(values.mapValues { $0.filled(with: parameters) })
    }

    var hasParameters: Bool { values.values.contains(where: \.hasParameters) }
    /// False when an argument could not be read and a stand-in took its place.
    var isSound: Bool { !values.values.contains(.text([])) }
}

/// Splits a text at its `{{ … }}`.
struct TemplateParser {
    /// What is wrong, and which scalar of the text it is at (from 0).
    struct Fault: Error {
        var message: String
        var offset: Int
    }

    let declared: [String]

    func parse(_ text: String) -> Result<[Template.Piece], Fault> {
        let scalars = Array(text.unicodeScalars)
        var pieces: [Template.Piece] = []
        var literal = String.UnicodeScalarView()
        var index = 0
        while index < scalars.count {
            guard scalars[index...].starts(with: Self.open) else {
                literal.append(scalars[index])
                index += 1
                continue
            }
            switch parameter(scalars, at: index) {
            case .failure(let fault): return .failure(fault)
            case .success(let (name, end)):
                if !literal.isEmpty { pieces.append(.literal(String(literal))) }
                literal = .init()
                pieces.append(.parameter(name))
                index = end
            }
        }
        if !literal.isEmpty || pieces.isEmpty { pieces.append(.literal(String(literal))) }
        return .success(pieces)
    }

    private static let open = Array("{{".unicodeScalars)
    private static let prefix = "parameters."

    /// The name in a template that starts at an index, and the index behind its `}}`.
    private func parameter(_ scalars: [Unicode.Scalar], at start: Int) -> Result<(String, Int), Fault> {
        let form = "write {{ parameters.NAME }}"
        guard
            let end = scalars.indices.dropLast().first(where: {
                $0 >= start + 2 && scalars[$0] == "}" && scalars[$0 + 1] == "}"
            })
        else { return .failure(Fault(message: "'{{' without '}}'; \(form)", offset: start)) }
        let inner = String(String.UnicodeScalarView(scalars[(start + 2)..<end]))
        let word = String(inner.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        guard word.hasPrefix(Self.prefix), word.dropFirst(Self.prefix.count).allSatisfy(Self.isNameCharacter) else {
            return .failure(Fault(message: "'{{\(inner)}}' is not a template; \(form)", offset: start))
        }
        let name = String(word.dropFirst(Self.prefix.count))
        guard declared.contains(name) else {
            let hint = declared.isEmpty ? "; none is declared" : Suggestion.hint(for: name, among: declared)
            return .failure(Fault(message: "no parameter '\(name)' is declared\(hint)", offset: start))
        }
        return .success((name, end + 2))
    }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "_")
    }
}
