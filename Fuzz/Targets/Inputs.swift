import Core

/// An input in parts: a byte that no text has ends each of them but the last. What is missing is empty.
func parts(_ input: [UInt8], _ count: Int, at separator: UInt8 = 0xFF) -> [[UInt8]] {
    let parts = input.split(separator: separator, maxSplits: count - 1, omittingEmptySubsequences: false).map(
        Array.init)
    return parts + Array(repeating: [], count: count - parts.count)
}

/// What so many commands answered. A part's first byte may say how it went: 1 and 3 are exit statuses, 2 cuts the answer off.
func outputs(_ input: [UInt8], _ count: Int) -> [CommandOutput] {
    parts(input, count).map { part in
        let rest = Payload(bytes: Array(part.dropFirst()))
        return switch part.first {
        case 1: CommandOutput(status: 1, output: rest, errorTail: rest)
        case 2: CommandOutput(status: 0, output: rest, truncated: true)
        case 3: CommandOutput(status: 3, output: rest, errorTail: rest)
        default: CommandOutput(status: 0, output: Payload(bytes: part))
        }
    }
}

/// What was read once is written and read again without a loss: a plan, a log, a record must not change on the way.
func expectSame(_ value: some Codable & Equatable) {
    do {
        expect(try JSON.decode(type(of: value), from: try JSON.encode(value)) == value, "what is written is read again")
    } catch {
        fatalError("broken: what was read can be written and read again: \(error)")
    }
}

/// What every refusal of a file promises to whoever has to mend it.
func check(_ faults: Diagnostics, of source: [UInt8], file: String) {
    let text = String(decoding: source, as: UTF8.self)
    // As YAML counts them, where a line may also end in other ways, and what ends too early is missed behind the last.
    let lines = 2 + text.unicodeScalars.count { ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains($0) }
    expect(!faults.all.isEmpty, "a refusal has a reason")
    for fault in faults.all {
        let place = fault.location
        expect(place.file == file, "a reason names its file: \(fault)")
        expect(place.line.map { (1...lines).contains($0) } ?? true, "a reason has its line in the file: \(fault)")
        expect((place.column ?? 1) >= 1 && place.length >= 1, "a reason has a place in its line: \(fault)")
        expect(!fault.summary.isEmpty && !fault.description.isEmpty, "a reason says what is wrong")
    }
    expect(!faults.render(source: text).isEmpty, "a refusal can be shown")
}
