import Glibc
import TransparencyLog

/// The log's key pair in `keys/`: the seed for its owner only, the public half for anyone.
enum LogKey {
    private static let secret = "keys/log.skey"

    /// Whether whoever has this folder can sign.
    static func isHere(_ directory: String) -> Bool { access("\(directory)/\(secret)", F_OK) == 0 }

    /// Reads the key, or makes one when the log is new.
    static func load(directory: String, origin: String, isNew: Bool, files: any LogFiles) throws -> SigningKey {
        let path = "\(directory)/\(secret)"
        if let bytes = try Files.read(path, limit: 4096) { return try parse(bytes, path: path, origin: origin) }
        guard isNew else {
            throw AuditError(
                .damaged, "\(path) is missing, but the log has entries: restore the key, or start a log elsewhere")
        }
        let key = try SigningKey(generatingWithName: origin)
        // The public half first: a log with a secret key always has the public one beside it.
        try write(key.verifier.description, to: LogLayout.verifierKey, mode: 0o644, directory, files)
        try write(key.skey, to: secret, mode: 0o600, directory, files)
        return key
    }

    private static func write(
        _ text: String, to file: String, mode: UInt32, _ directory: String, _ files: any LogFiles
    ) throws {
        try files.replace(
            "\(directory)/\(file)", with: Array((text + "\n").utf8), temporary: "\(directory)/tmp/key.new", mode: mode)
    }

    private static func parse(_ bytes: [UInt8], path: String, origin: String) throws -> SigningKey {
        let text = String(decoding: bytes, as: UTF8.self)
        let key: SigningKey
        do {
            key = try SigningKey(skey: text.hasSuffix("\n") ? String(text.dropLast()) : text)
        } catch {
            throw AuditError(.damaged, "\(path): \(error)")
        }
        guard key.verifier.name == origin else {
            throw AuditError(.invalid, "\(path): the log's origin is \(key.verifier.name), not \(origin)")
        }
        return key
    }
}
