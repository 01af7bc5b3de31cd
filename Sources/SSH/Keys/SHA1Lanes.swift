/// SHA-1 (FIPS 180-4) of eight messages at once, one in each lane.
///
/// Hashed names in known_hosts are HMACs of one name under as many salts as there are lines, each with two blocks to
/// compress: done one by one they cost more than the rest of a connection. SHA-1 is the file format's; it hides names, it
/// authenticates nothing.
struct SHA1Lanes {
    typealias Lanes = SIMD8<UInt32>
    /// The 80 words that a block is expanded to.
    typealias Schedule = InlineArray<80, Lanes>

    static let laneCount = Lanes.scalarCount
    static let blockSize = 64

    var a = Lanes(repeating: 0x6745_2301)
    var b = Lanes(repeating: 0xEFCD_AB89)
    var c = Lanes(repeating: 0x98BA_DCFE)
    var d = Lanes(repeating: 0x1032_5476)
    var e = Lanes(repeating: 0xC3D2_E1F0)

    /// The state after one more block.
    func compressing(_ schedule: borrowing Schedule) -> SHA1Lanes {
        var next = self
        for t in 0..<20 { next.round((next.b & next.c) | (~next.b & next.d), 0x5A82_7999, schedule[t]) }
        for t in 20..<40 { next.round(next.b ^ next.c ^ next.d, 0x6ED9_EBA1, schedule[t]) }
        for t in 40..<60 {
            next.round((next.b & next.c) | (next.d & (next.b | next.c)), 0x8F1B_BCDC, schedule[t])
        }
        for t in 60..<80 { next.round(next.b ^ next.c ^ next.d, 0xCA62_C1D6, schedule[t]) }
        next.a &+= a
        next.b &+= b
        next.c &+= c
        next.d &+= d
        next.e &+= e
        return next
    }

    @inline(__always)
    private mutating func round(_ mixed: Lanes, _ constant: UInt32, _ word: Lanes) {
        let sum = rotated(a, 5) &+ mixed &+ e &+ word &+ Lanes(repeating: constant)
        (e, d, c, b, a) = (d, c, rotated(b, 30), a, sum)
    }

    /// Expands the 16 words of a block, big-endian in the message.
    static func schedule(_ word: (Int) -> Lanes) -> Schedule {
        var words = Schedule(repeating: Lanes())
        for t in 0..<16 { words[t] = word(t) }
        for t in 16..<80 {
            words[t] = rotated(words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], 1)
        }
        return words
    }
}

@inline(__always)
private func rotated(_ lanes: SHA1Lanes.Lanes, _ count: UInt32) -> SHA1Lanes.Lanes {
    (lanes &<< SHA1Lanes.Lanes(repeating: count)) | (lanes &>> SHA1Lanes.Lanes(repeating: 32 - count))
}
