/// Where things are in a log's directory, shared by writer and verifier.
public enum LogLayout {
    /// The journal's segments.
    public static let journal = "journal"
    /// The latest signed checkpoint.
    public static let checkpoint = "checkpoint"
    /// Every signed checkpoint, named by its size.
    public static let checkpoints = "checkpoints"
    /// The log's public key. Who takes it from here trusts the directory.
    public static let verifierKey = "keys/log.vkey"

    /// Twenty digits, so that names sort as numbers.
    public static func name(of number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }

    /// `journal/<index of its first entry>.wal`
    public static func segment(startingAt index: UInt64) -> String {
        "\(journal)/\(name(of: index)).wal"
    }

    /// The number a name stands for; nil unless it is spelled exactly so.
    public static func number(named name: some StringProtocol) -> UInt64? {
        guard let number = UInt64(name), Self.name(of: number) == name else { return nil }
        return number
    }

    /// The first indices of the segments in a directory, ascending. Other names in the folder are ignored.
    public static func segments(in directory: String) throws -> [UInt64] {
        guard let names = try Files.list("\(directory)/\(journal)") else {
            throw LogReadError(path: directory, reason: "is not an audit log: it has no folder 'journal'")
        }
        return names.filter { $0.hasSuffix(".wal") }.compactMap { number(named: $0.dropLast(4)) }
    }
}
