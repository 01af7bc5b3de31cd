import Core

/// What a step's commands printed on a node: nothing of it is believed, and no secret of it is shown.
struct OutputView: Sendable {
    /// Its lines, printable.
    let lines: [String]

    /// - Parameter step: whose commands printed it, for what must not be shown.
    /// - Returns: nil where nothing was printed.
    init?(_ payload: Payload, _ step: StepPlan?) {
        guard !payload.bytes.isEmpty else { return nil }
        let text = String(decoding: payload.bytes, as: UTF8.self)
        if step.map({ Secrets($0).hide(input: payload) }) ?? Secrets.isSecret(text) {
            lines = ["(masked: \(payload.summary))"]
        } else {
            lines = Redactor().redact(text).printableLines
        }
    }

    /// The first lines, and under them how many there are more.
    /// - Parameter index: the entry that has all of it.
    func beginning(_ shown: Int, index: UInt64) -> [String] {
        guard lines.count > shown else { return lines }
        return lines.prefix(shown) + ["… \(count(lines.count - shown, "more line")): belay audit show \(index)"]
    }
}

/// Times as people say them.
enum Span {
    /// `0.4 s`, `2 min 3 s`, `1 h 2 min`.
    static func words(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        return switch seconds {
        case ..<60: "\(seconds).\(milliseconds % 1000 / 100) s"
        case ..<3600: "\(seconds / 60) min \(seconds % 60) s"
        default: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        }
    }
}
