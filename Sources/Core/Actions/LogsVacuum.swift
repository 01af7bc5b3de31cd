/// `logs.vacuum`: removes archived files of the journal, oldest first, each named; never one that is being written.
///
/// Not `journalctl --vacuum-size`: what that removes is decided when it runs, and nothing brings it back. Who has an archived
/// file open to read lets go of it when it is gone, so such files are taken too.
public struct LogsVacuum: OldFilesAction {
    /// `logs.vacuum`.
    public static let kind = ActionKind(
        name: "logs.vacuum",
        summary: "Takes archived journal files away, oldest first, or moves them to another filesystem.",
        disrupts: [],
        touches: ["logs"],
        parameters: [
            ArgumentKind("size", "what archived files may take together afterwards, such as 500M: K, M, G or T of 1024")
        ] + OldFiles.parameters)

    /// Which files.
    public let files: OldFiles

    /// Reads `size`, `age` and `archive`; one of the first two, not both.
    public init(arguments: Arguments) throws(ArgumentError) {
        let size = try arguments.text("size").map { (text) throws(ArgumentError) in try Self.bytes(text) }
        guard try (size == nil) != (arguments.text("age") == nil) else {
            throw ArgumentError("size", "or 'age' must be given, one of them: what is to stay")
        }
        files = try OldFiles([.journal], arguments, age: "0s", keep: size)
    }

    private static func bytes(_ text: String) throws(ArgumentError) -> Int {
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        let units = ["": 0, "K": 10, "M": 20, "G": 30, "T": 40]
        guard let shift = units[String(text.dropFirst(digits.count))], (1...9).contains(digits.count),
            let count = Int(text.prefix(digits.count))
        else { throw ArgumentError("size", "must be bytes such as 500M or 2G, not \(text.debugDescription)") }
        return count << shift
    }
}
