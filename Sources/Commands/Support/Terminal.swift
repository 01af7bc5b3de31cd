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
    func write(_ text: String) { if !text.isEmpty { output(Self.ended(redactor?.redact(text) ?? text)) } }

    /// To standard error.
    func complain(_ text: String) { if !text.isEmpty { complaint(Self.ended(redactor?.redact(text) ?? text)) } }

    /// The same terminal, without what a plan declares to be secret.
    func hiding(_ plan: Plan) -> Terminal {
        guard !plan.secrets.isEmpty else { return self }
        var terminal = self
        // As they are, as they are made printable, and as JSON has them.
        let forms = plan.secrets.flatMap { secret in
            [secret, secret.printable]
                + ((try? JSON.encode(secret)).map { [String(decoding: $0.dropFirst().dropLast(), as: UTF8.self)] } ?? [])
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
}
