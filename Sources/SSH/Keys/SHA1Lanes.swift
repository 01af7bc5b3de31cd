/// SHA-1 (FIPS 180-4) of eight messages at once, one in each lane.
///
/// Hashed names in known_hosts are HMACs of one name under as many salts as there are lines, each with two blocks to
/// compress: done one by one they cost more than the rest of a connection. SHA-1 is the file format's; it hides names, it
/// authenticates nothing.
struct SHA1Lanes {
    typealias Lanes = SIMD8<UInt32>

    static let laneCount = Lanes.scalarCount
    static let blockSize = 64

    var a = Lanes(repeating: 0x6745_2301)
    var b = Lanes(repeating: 0xEFCD_AB89)
    var c = Lanes(repeating: 0x98BA_DCFE)
    var d = Lanes(repeating: 0x1032_5476)
    var e = Lanes(repeating: 0xC3D2_E1F0)

    /// The state after one more block, which was expanded to 80 words, each with its round's constant added.
    func compressing(_ schedule: [Lanes]) -> SHA1Lanes {
        var next = self
        for t in 0..<20 { next.round(next.d ^ (next.b & (next.c ^ next.d)), schedule[t]) }
        for t in 20..<40 { next.round(next.b ^ next.c ^ next.d, schedule[t]) }
        for t in 40..<60 { next.round((next.b & next.c) | (next.d & (next.b | next.c)), schedule[t]) }
        for t in 60..<80 { next.round(next.b ^ next.c ^ next.d, schedule[t]) }
        next.a &+= a
        next.b &+= b
        next.c &+= c
        next.d &+= d
        next.e &+= e
        return next
    }

    @inline(__always)
    private mutating func round(_ mixed: Lanes, _ word: Lanes) {
        let sum = rotated(a, 5) &+ mixed &+ (e &+ word)
        (e, d, c, b, a) = (d, c, rotated(b, 30), a, sum)
    }

    /// Expands a block's 16 words, big-endian in the message, with which `words` begins.
    static func expand(_ words: inout [Lanes]) {
        for t in 16..<80 {
            words[t] = rotated(words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], 1)
        }
        for t in 0..<20 { words[t] &+= Lanes(repeating: 0x5A82_7999) }
        for t in 20..<40 { words[t] &+= Lanes(repeating: 0x6ED9_EBA1) }
        for t in 40..<60 { words[t] &+= Lanes(repeating: 0x8F1B_BCDC) }
        for t in 60..<80 { words[t] &+= Lanes(repeating: 0xCA62_C1D6) }
    }

    /// The 80 words of a block.
    static func schedule(_ word: (Int) -> Lanes) -> [Lanes] {
        var words = (0..<16).map(word) + [Lanes](repeating: Lanes(), count: 64)
        expand(&words)
        return words
    }
}

/// The left half is a product since the compiler takes two shifts for a rotation, which it does one lane at a time.
@inline(__always)
private func rotated(_ lanes: SHA1Lanes.Lanes, _ count: UInt32) -> SHA1Lanes.Lanes {
    (lanes &* SHA1Lanes.Lanes(repeating: 1 << count)) | (lanes &>> SHA1Lanes.Lanes(repeating: 32 - count))
}
