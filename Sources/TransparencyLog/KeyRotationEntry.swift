import FoundationEssentials
import Glibc

/// What an entry `key.rotate` says: the log goes on with another key. It takes effect with the first checkpoint over it that
/// both keys signed, and without such a one it has none.
struct KeyRotationEntry: Sendable, Equatable {
    let index: UInt64
    let old: VerifierKey
    let new: VerifierKey

    private struct Record: Decodable {
        struct Keys: Decodable { let old: String, new: String }
        let type: String
        let event: [String: Keys]
    }

    private static let type = "key.rotate"
    // An entry's fields are sorted, and this is the last: a look at a few bytes tells all others.
    private static let ending: StaticString = #""type":"key.rotate"}"#

    /// Nil for every other entry.
    init?(_ entry: UnsafeRawBufferPointer, index: UInt64) {
        guard Self.hasEnding(entry),
            let record = try? JSONDecoder().decode(Record.self, from: Data(entry)), record.type == Self.type,
            let keys = record.event[Self.type], let old = try? VerifierKey(keys.old),
            let new = try? VerifierKey(keys.new), old.name == new.name, old != new
        else { return nil }
        self.index = index
        self.old = old
        self.new = new
    }

    private static func hasEnding(_ entry: UnsafeRawBufferPointer) -> Bool {
        let count = ending.utf8CodeUnitCount
        guard entry.count >= count, let base = entry.baseAddress else { return false }
        return memcmp(base + (entry.count - count), ending.utf8Start, count) == 0
    }
}
