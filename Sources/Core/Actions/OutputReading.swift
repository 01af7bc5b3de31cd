extension CommandOutput {
    /// The whole output as text, or the reason why it cannot be relied on.
    /// - Parameter what: Names the command in messages (`iptables-save`).
    /// - Throws: ``ObservationError`` when the command failed, was cut short, or did not answer with text.
    func text(of what: String) throws(ObservationError) -> String {
        guard !truncated else {
            throw ObservationError(
                "\(what) answered more than is read from a node",
                remedy: "Half a state is never acted on; see to it by hand")
        }
        guard status == 0 else {
            let said = errorTail.text?.lines.last.map(String.init) ?? ""
            throw ObservationError(
                "\(what) failed with exit status \(status)\(said.isEmpty ? "" : ": \(said.prefix(300))")",
                remedy: "Run it on the node to see why, then plan again")
        }
        guard let text = output.text else {
            throw ObservationError(
                "\(what) answered with bytes that are not text",
                remedy: "Look at its output on the node, then plan again")
        }
        return text
    }

    /// `KEY=VALUE` lines, as `systemctl show` and this module's own scripts print them; the first of a key counts.
    func properties(of what: String) throws(ObservationError) -> [String: String] {
        let pairs = try text(of: what).lines.compactMap { line -> (String, String)? in
            guard let mark = line.firstIndex(of: "=") else { return nil }
            return (String(line[..<mark]), String(line[line.index(after: mark)...]))
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}

/// Refuses a list of outputs that does not fit the commands it should answer.
func expect(_ count: Int, _ outputs: [CommandOutput]) throws(ObservationError) {
    guard outputs.count == count else {
        throw ObservationError(
            "\(outputs.count) outputs came back for \(count) commands",
            remedy: "The node's answer is incomplete; plan again")
    }
}
