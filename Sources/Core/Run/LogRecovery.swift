/// What was mended when a log was opened after a crash, and what is not known since.
public struct LogRecovery: Codable, Sendable, Hashable {
    /// Bytes of an unfinished write that were cut off the end; nobody had been told that it is durable.
    public var tornBytes: Int
    /// Whether tiles were missing or wrong and were made again from the journal.
    public var rebuiltTiles: Bool
    /// Intents without an outcome, in the log's order: `belay recover` looks them up, unless their executor still lives.
    public var open: [OpenIntent]

    /// Collects the parts.
    public init(tornBytes: Int, rebuiltTiles: Bool, open: [OpenIntent]) {
        self.tornBytes = tornBytes
        self.rebuiltTiles = rebuiltTiles
        self.open = open
    }
}

/// An intent of which the log does not say how it ended.
public struct OpenIntent: Codable, Sendable, Hashable {
    /// The intent's entry.
    public var index: UInt64
    /// Its run.
    public var run: String
    /// Its node.
    public var node: String
    /// What was to be written; nil when the intent's blob is gone.
    public var write: Write?

    /// Collects the parts.
    public init(index: UInt64, run: String, node: String, write: Write?) {
        self.index = index
        self.run = run
        self.node = node
        self.write = write
    }

    /// Those that a log leaves open.
    public static func all(in records: some Sequence<(index: UInt64, record: LogRecord)>) -> [OpenIntent] {
        var open: [OpenIntent] = []
        for (index, record) in records {
            guard let run = record.run, let node = record.node else { continue }
            switch record.type {
            case "intent":
                let write: Write? = if case .run(.intent(let intent))? = record.event { intent.write } else { nil }
                open.append(OpenIntent(index: index, run: run, node: node, write: write))
            case "outcome": open.removeAll { $0.run == run && $0.node == node }
            default: break
            }
        }
        return open
    }
}
