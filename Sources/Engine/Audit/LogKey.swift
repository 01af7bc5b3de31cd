import Glibc
import TransparencyLog

/// The log's keys in `keys/`: the secret ones for their owner only, the public halves for anyone.
enum LogKey {
    private static let secret = "keys/log.skey"
    /// A key that was made and is not in use: it waits for `rotate`, or a rotation was interrupted.
    private static let next = "keys/next.skey"
    private static let replaced = "keys/old"

    /// Whether whoever has this folder can sign.
    static func isHere(_ directory: String) -> Bool { access("\(directory)/\(secret)", F_OK) == 0 }

    /// Reads the key, or makes one when the log is new.
    static func load(directory: String, origin: String, isNew: Bool, files: any LogFiles) throws -> SigningKey {
        if let key = try current(directory, origin) { return key }
        guard isNew else {
            throw AuditError(
                .damaged,
                "\(directory)/\(secret) is missing, but the log has entries: restore the key, or start a log elsewhere")
        }
        let key = try SigningKey(generatingWithName: origin)
        // The public half first: a log with a secret key always has the public one beside it.
        try write(key.verifier.description, to: LogLayout.verifierKey, mode: 0o644, directory, files)
        try write(key.skey, to: secret, mode: 0o600, directory, files)
        return key
    }

    /// The key to sign with; nil when its file is not there.
    static func current(_ directory: String, _ origin: String) throws -> SigningKey? {
        try read("\(directory)/\(secret)", origin)
    }

    /// The key that waits to take its place; nil when there is none.
    static func successor(_ directory: String, _ origin: String) throws -> SigningKey? {
        try read("\(directory)/\(next)", origin)
    }

    /// The same, made when there is none; the caller holds the publisher's lock.
    static func prepare(_ directory: String, _ origin: String, files: any LogFiles) throws -> SigningKey {
        if let key = try successor(directory, origin) { return key }
        let key = try SigningKey(generatingWithName: origin)
        try write(key.skey, to: next, mode: 0o600, directory, files)
        return key
    }

    /// Makes the successor the log's key, once a checkpoint of `size` entries that both signed is durable. Interrupted, it is
    /// done again from the beginning; the old secret key goes with the last step.
    static func install(
        _ successor: SigningKey, inPlaceOf old: VerifierKey, at size: UInt64, directory: String, files: any LogFiles
    ) throws {
        try files.createFolder("\(directory)/\(replaced)")
        let kept = "\(replaced)/\(LogLayout.name(of: size)).vkey"
        try write(old.description, to: kept, mode: 0o644, directory, files)
        try write(successor.verifier.description, to: LogLayout.verifierKey, mode: 0o644, directory, files)
        try files.rename("\(directory)/\(next)", to: "\(directory)/\(secret)")
        try files.synchronizeFolder("\(directory)/keys")
    }

    /// The public keys that checkpoints in the folder are signed with: that of now, and those that were replaced. None but a
    /// verifier judges which of them had which checkpoint to sign.
    static func verifiers(in directory: String) throws -> [VerifierKey] {
        let names = try Files.list("\(directory)/\(replaced)") ?? []
        let files = [LogLayout.verifierKey] + names.map { "\(replaced)/\($0)" }
        return try files.compactMap { try VerifierKey.inFile("\(directory)/\($0)") }
    }

    private static func write(
        _ text: String, to file: String, mode: UInt32, _ directory: String, _ files: any LogFiles
    ) throws {
        try files.replace(
            "\(directory)/\(file)", with: Array((text + "\n").utf8), temporary: "\(directory)/tmp/key.new", mode: mode)
    }

    private static func read(_ path: String, _ origin: String) throws -> SigningKey? {
        guard let bytes = try Files.read(path, limit: 4096) else { return nil }
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
