/// The outputs of a probe, each as text or as the reason why there is none.
struct Answers {
    let outputs: [CommandOutput]

    func text(_ question: Question) -> Fact<String> { text(at: question.rawValue, accepts: question.command.accepts) }

    func text(at index: Int, accepts: Set<Int> = [0]) -> Fact<String> {
        guard outputs.indices.contains(index) else { return .unknown("the node sent no answer to this question") }
        let output = outputs[index]
        guard accepts.contains(output.status) else { return .unknown(Self.failure(output)) }
        if output.truncated { return .unknown("the answer was longer than is read") }
        return output.output.text.map(Fact.known) ?? .unknown("the answer is not text")
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
