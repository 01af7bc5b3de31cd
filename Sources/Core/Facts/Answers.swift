/// The outputs of a probe, each as text or as the reason why there is none.
struct Answers {
    /// Nil for those that did not come.
    let outputs: [CommandOutput?]

    func text(_ question: Question) -> Fact<String> { text(at: question.rawValue, accepts: question.command.accepts) }

    func text(at index: Int, accepts: Set<Int> = [0]) -> Fact<String> {
        guard outputs.indices.contains(index), let output = outputs[index] else { return .unknown(Self.missing) }
        guard accepts.contains(output.status) else { return .unknown(Self.failure(output)) }
        if output.truncated { return .unknown("the answer was longer than is read") }
        return output.output.text.map(Fact.known) ?? .unknown("the answer is not text")
    }

    /// What came of an answer, which may be in the middle of a line, and why that may not be all. Bytes that are no text are
    /// replaced: logs hold such.
    func part(at index: Int, accepts: Set<Int>) -> (text: String, fault: String?) {
        guard outputs.indices.contains(index), let output = outputs[index] else { return ("", Self.missing) }
        let text = String(decoding: output.output.bytes, as: UTF8.self)
        if output.truncated { return (Self.wholeLines(text), "the answer was longer than is read") }
        return accepts.contains(output.status) ? (text, nil) : (Self.wholeLines(text), Self.failure(output))
    }

    private static let missing = "the node sent no answer to this question"

    private static func wholeLines(_ text: String) -> String {
        guard let end = text.utf8.lastIndex(of: 0x0A) else { return "" }
        return String(text[..<end])
    }

    private static func failure(_ output: CommandOutput) -> String {
        let reason = output.status == 124 ? "no answer in time" : "exit status \(output.status)"
        let tail = String(decoding: output.errorTail.bytes.suffix(4096), as: UTF8.self)
        let last = tail.lines.last.map { Printable.escape(String($0), limit: 200) } ?? ""
        return last.isEmpty ? reason : "\(reason): \(last)"
    }
}

extension Fact {
    func flatMap<T>(_ transform: (Value) -> Fact<T>) -> Fact<T> {
        switch self {
        case .known(let value): transform(value)
        case .unknown(let cause): .unknown(cause)
        }
    }
}

extension StringProtocol where SubSequence == Substring {
    /// The non-empty lines, split at newline bytes: by characters, a megabyte from a node would take seconds.
    var lines: [Substring] { utf8.split(separator: 0x0A).map { self[$0.startIndex..<$0.endIndex] } }
}
