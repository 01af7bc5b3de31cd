/// The lines that the scripts of ``RecordScript`` print: nonce, kind, and words in base64.
struct RecordFrames {
    struct Frame {
        var kind: String
        /// The words behind the kind as they were printed.
        var words: [Substring]
    }

    let frames: [Frame]

    /// Lines of anybody else are passed over: start-up files may print what they like.
    /// - Throws: when the last line is missing, since then others are.
    init(_ printed: [UInt8], nonce: String) throws(ObservationError) {
        var frames: [Frame] = []
        var isWhole = false
        for line in printed.split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
            guard words.count >= 2, words[0] == nonce, !isWhole else { continue }
            if words[1] == "end" {
                isWhole = true
            } else {
                frames.append(Frame(kind: String(words[1]), words: Array(words[2...])))
            }
            guard frames.count <= Self.limit else { throw Self.malformed("more than \(Self.limit) lines") }
        }
        guard isWhole else { throw Self.malformed("it ends early, or is longer than a record can be") }
        self.frames = frames
    }

    private static let limit = 20_000

    static func malformed(_ what: String) -> ObservationError {
        ObservationError(
            "the record on the node could not be read: \(what)",
            remedy:
                "Look at \(NodeRecord.root) on the node; check that /bin/sh, base64, head, tail and tr work there for root."
        )
    }

    /// The words as texts: valid UTF-8 without control characters, so that they can be shown and compared.
    static func texts(_ frame: Frame, _ count: Int) throws(ObservationError) -> [String] {
        guard frame.words.count == count else {
            throw malformed("a line '\(name(frame.kind))' with \(frame.words.count) words")
        }
        return try frame.words.map { (word) throws(ObservationError) in
            guard let bytes = Base64.decode(word), let text = Payload(bytes: bytes).text,
                !text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" || $0.value == 0x7F })
            else { throw malformed("a word of '\(name(frame.kind))' is not text") }
            return text.trimmingLine
        }
    }

    /// The words of the first line.
    static func head(of frames: [Frame], words: Int) throws(ObservationError) -> [String] {
        guard let first = frames.first, first.kind == "head" else { throw malformed("its first line is missing") }
        return try texts(first, words)
    }

    static func name(_ text: some StringProtocol) -> String { Printable.escape(String(text), limit: 60) }
}

extension String {
    /// Without the newline that a file of one line ends with.
    var trimmingLine: String { hasSuffix("\n") ? String(dropLast()) : self }
}

/// A lease as it lies on a node.
public struct RecordLease: Codable, Sendable, Hashable {
    /// The run that holds it.
    public var run: String
    /// Its epoch.
    public var epoch: Int
    /// Who took it.
    public var holder: String
    /// The boot it was taken in.
    public var boot: String
    /// Seconds of that boot's uptime until which it stands without a record.
    public var expiry: Int

    package init(run: String, epoch: Int, holder: String, boot: String, expiry: Int) {
        self.run = run
        self.epoch = epoch
        self.holder = holder
        self.boot = boot
        self.expiry = expiry
    }

    /// Reads a lease file's line; nil when there is none.
    init?(_ line: String) throws(ObservationError) {
        if line.isEmpty { return nil }
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count >= 5, NodeRecord.isRun(words[0]), let epoch = Int(words[1]), epoch > 0,
            let expiry = Int(words[4])
        else { throw RecordFrames.malformed("the lease '\(RecordFrames.name(line))' is not one of ours") }
        self.run = words[0]
        self.epoch = epoch
        holder = words[2]
        boot = words[3]
        self.expiry = expiry
    }
}

/// The machine that was read.
public struct RecordMachine: Codable, Sendable, Hashable {
    /// Its boot id now.
    public var boot: String
    /// Seconds it is up.
    public var uptime: Int
    /// `/etc/machine-id`.
    public var machineID: String

    package init(boot: String, uptime: Int, machineID: String) {
        self.boot = boot
        self.uptime = uptime
        self.machineID = machineID
    }

    init(_ words: some Collection<String>) throws(ObservationError) {
        let words = Array(words)
        guard words.count == 3, let uptime = Int(words[1]), !words[0].isEmpty else {
            throw RecordFrames.malformed("the first line does not say which boot and how long it is up")
        }
        boot = words[0]
        self.uptime = uptime
        machineID = words[2]
    }
}
