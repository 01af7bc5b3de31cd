/// The hashed names of a known_hosts file, `|1|SALT|HMAC-SHA1(SALT, NAME)`: all are tried for one name at once.
///
/// What depends on the salt alone is computed at load (RFC 2104, section 4), so that a name costs two blocks a line.
struct HashedNames: Sendable {
    typealias Lanes = SHA1Lanes.Lanes

    /// A salt and the hash it belongs to, of 20 bytes each, and the line they came from.
    struct Item {
        let salt: [UInt8]
        let hash: [UInt8]
        let entry: Int
    }

    /// Eight items; lanes beyond `entries` are padding.
    private struct Group: Sendable {
        let inner: SHA1Lanes
        let outer: SHA1Lanes
        let hash: SHA1Lanes
        let entries: [Int]

        init(_ items: ArraySlice<Item>) {
            let salt = columns(items.map(\.salt))
            let words = [salt.a, salt.b, salt.c, salt.d, salt.e]
            func key(_ pad: UInt32) -> SHA1Lanes {
                SHA1Lanes().compressing(SHA1Lanes.schedule { ($0 < 5 ? words[$0] : Lanes()) ^ Lanes(repeating: pad) })
            }
            inner = key(0x3636_3636)
            outer = key(0x5C5C_5C5C)
            hash = columns(items.map(\.hash))
            entries = items.map(\.entry)
        }
    }

    private var groups: [Group] = []

    /// Adds the items of one file.
    mutating func append(_ items: [Item]) {
        groups += stride(from: 0, to: items.count, by: SHA1Lanes.laneCount).map {
            Group(items[$0..<min($0 + SHA1Lanes.laneCount, items.count)])
        }
    }

    /// The entries of the lines that hide this name.
    func entries(for name: [UInt8]) -> [Int] {
        guard !groups.isEmpty else { return [] }
        let blocks = Self.blocks(name)
        var words = [Lanes](repeating: Lanes(), count: 80)
        var found: [Int] = []
        for group in groups {
            let inner = blocks.reduce(group.inner) { $0.compressing($1) }
            Self.pad(inner, into: &words)
            let digest = group.outer.compressing(words)
            let equal =
                digest.a .== group.hash.a .& digest.b .== group.hash.b .& digest.c .== group.hash.c
                .& digest.d .== group.hash.d .& digest.e .== group.hash.e
            guard equal != SIMDMask(repeating: false) else { continue }
            for (lane, entry) in group.entries.enumerated() where equal[lane] { found.append(entry) }
        }
        return found
    }

    /// The name with SHA-1's padding, the same in all lanes; it follows one block, the salt's.
    private static func blocks(_ name: [UInt8]) -> [[Lanes]] {
        var bytes = name + [0x80]
        while bytes.count % SHA1Lanes.blockSize != SHA1Lanes.blockSize - 8 { bytes.append(0) }
        let bits = UInt64(SHA1Lanes.blockSize + name.count) * 8
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
        return stride(from: 0, to: bytes.count, by: SHA1Lanes.blockSize).map { start in
            SHA1Lanes.schedule { Lanes(repeating: word(bytes, start + 4 * $0)) }
        }
    }

    /// The inner digest of 20 bytes with SHA-1's padding, after the salt's block: 84 bytes in all.
    private static func pad(_ inner: SHA1Lanes, into words: inout [Lanes]) {
        (words[0], words[1], words[2], words[3], words[4]) = (inner.a, inner.b, inner.c, inner.d, inner.e)
        words[5] = Lanes(repeating: 0x8000_0000)
        for index in 6..<15 { words[index] = Lanes() }
        words[15] = Lanes(repeating: 84 * 8)
        SHA1Lanes.expand(&words)
    }
}

private func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
}

/// Up to eight strings of 20 bytes, one in each lane.
private func columns(_ strings: [[UInt8]]) -> SHA1Lanes {
    func column(_ index: Int) -> HashedNames.Lanes {
        var lanes = HashedNames.Lanes()
        for (lane, string) in strings.enumerated() { lanes[lane] = word(string, 4 * index) }
        return lanes
    }
    return SHA1Lanes(a: column(0), b: column(1), c: column(2), d: column(3), e: column(4))
}
