import Core
import Engine
import Foundation

/// The only thing here that prints. Verbs hand it what their views made.
struct Terminal: Sendable {
    /// For standard output.
    let style: Style
    /// For standard error.
    let errorStyle: Style
    /// What was said on the command line, for the log to say what was read.
    var arguments: [String] = []
    /// Secrets that must not be shown, whatever has them in it.
    private var redactor: Redactor?
    private let output: @Sendable (String) -> Void
    private let complaint: @Sendable (String) -> Void

    /// A terminal over two sinks; each gets whole texts that end with a newline.
    init(
        style: Style = .plain, errorStyle: Style = .plain, output: @escaping @Sendable (String) -> Void,
        complaint: @escaping @Sendable (String) -> Void
    ) {
        self.style = style
        self.errorStyle = errorStyle
        self.output = output
        self.complaint = complaint
    }

    /// The process's own streams.
    static func standard(_ color: ColorChoice) -> Terminal {
        func style(_ descriptor: Int32) -> Style {
            Style(
                isColored: color.isOn(
                    isTerminal: isatty(descriptor) == 1, noColor: Environment.variable("NO_COLOR"),
                    term: Environment.variable("TERM")))
        }
        return Terminal(
            style: style(STDOUT_FILENO), errorStyle: style(STDERR_FILENO),
            output: { try? FileHandle.standardOutput.write(contentsOf: Data($0.utf8)) },
            complaint: { try? FileHandle.standardError.write(contentsOf: Data($0.utf8)) })
    }

    /// To standard output; nothing for an empty text.
    func write(_ text: String) { if !text.isEmpty { output(passed(text, style)) } }

    /// To standard error.
    func complain(_ text: String) { if !text.isEmpty { complaint(passed(text, errorStyle)) } }

    // Views have made what they show printable. Should one forget it, nothing that a terminal acts on gets through here.
    private func passed(_ text: String, _ style: Style) -> String {
        Self.ended(style.neutralised(redactor?.redact(text) ?? text))
    }

    /// The same terminal, without what a plan declares to be secret.
    func hiding(_ plan: Plan) -> Terminal {
        guard !plan.secrets.isEmpty else { return self }
        var terminal = self
        // As they are, as they are made printable, and as JSON has them.
        let forms = plan.secrets.flatMap { secret in
            [secret, secret.printable]
                + ((try? JSONText.pretty(secret)).map { [String($0.dropFirst().dropLast(2))] } ?? [])
        }
        terminal.redactor = Redactor(declared: forms, knowsPatterns: false)
        return terminal
    }

    // By bytes, since CR LF is one character and ends a line too.
    private static func ended(_ text: String) -> String {
        text.utf8.last == UInt8(ascii: "\n") ? text : text + "\n"
    }
}

/// Colours as words with a meaning; plain text when off.
struct Style: Sendable, Hashable {
    /// Whether there are any.
    let isColored: Bool

    /// None.
    static let plain = Style(isColored: false)

    /// A heading, or what must be read first.
    func strong(_ text: String) -> String { paint("1", text) }
    /// Of less interest.
    func faint(_ text: String) -> String { paint("2", text) }
    /// Gone, denied, failed.
    func bad(_ text: String) -> String { paint("31", text) }
    /// New, allowed, done.
    func good(_ text: String) -> String { paint("32", text) }
    /// To be read twice.
    func warning(_ text: String) -> String { paint("33", text) }
    /// A place in a diff.
    func place(_ text: String) -> String { paint("36", text) }

    private func paint(_ code: String, _ text: String) -> String {
        isColored && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    private static let codes = ["0", "1", "2", "31", "32", "33", "36"].map { "[\($0)m" }

    /// A text in which a terminal acts on nothing but ends of lines and the colours above, these only where there are any.
    func neutralised(_ text: String) -> String {
        guard isColored else { return Printable.spell(json: text, keepsLines: true) }
        let parts = text.unicodeScalars.split(separator: "\u{1B}", omittingEmptySubsequences: false).map(String.init)
        let after = parts.dropFirst().map { part in
            (Self.codes.contains { part.hasPrefix($0) } ? "\u{1B}" : "\\u001b")
                + Printable.spell(json: part, keepsLines: true)
        }
        return Printable.spell(json: parts[0], keepsLines: true) + after.joined()
    }
}
