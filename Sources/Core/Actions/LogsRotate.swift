/// `logs.rotate`: takes rotated logs under `/var/log` away, containers' among them; never a log that is being written.
///
/// Rotated is what its name says: `*.gz` and its like, `*.1`, `*-YYYYMMDD`, `*.old`. The journal has `logs.vacuum`; the audit
/// log of the kernel and the records of logins (`wtmp`, `btmp`) are nobody's rubbish and stay.
public struct LogsRotate: OldFilesAction {
    /// `logs.rotate`.
    public static let kind = ActionKind(
        name: "logs.rotate",
        summary: "Takes rotated logs under /var/log away, or moves them to another filesystem.",
        disrupts: [],
        touches: ["logs"],
        parameters: OldFiles.parameters)

    /// Which files.
    public let files: OldFiles

    /// Reads `age`, a week unless given, and `archive`.
    public init(arguments: Arguments) throws(ArgumentError) {
        files = try OldFiles([.logs], arguments, age: "7d")
    }
}
