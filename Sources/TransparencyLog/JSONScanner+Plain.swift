import CChecksum
import Glibc

extension JSONScanner {
    /// Over an entry as Belay's own writer makes them: no blanks, keys of ASCII without escapes, at most sixteen in an object. Nearly
    /// every entry is one, and whether it is takes a fraction of what the whole grammar takes.
    ///
    /// - Returns: true when the entry is one I-JSON object; `head` is set then. False says nothing: the whole grammar decides.
    mutating func scanPlain() -> Bool {
        guard let base = bytes.baseAddress else { return false }
        let (count, words) = (bytes.count, bytes.count / 64 + 1)
        if marks.count < words { marks = [UInt64](repeating: 0, count: words) }
        let found = marks.withUnsafeMutableBufferPointer { marks -> EntryHead? in
            guard let marks = marks.baseAddress else { return nil }
            belay_json_marks(base, count, marks)
            return PlainEntry(bytes: base, count: count, marks: marks).whole()
        }
        guard let found else { return false }
        head = found
        return true
    }
}

/// Places are counted from the entry's beginning; ``unsure`` stands for anything that is not plain. A place is one in
/// memory: what is added to it cannot overflow, and is not asked whether it did.
private struct PlainEntry {
    fileprivate struct Key {
        let place: Int
        let count: Int
        /// Its first eight bytes, little-endian, and zeroes where there are fewer.
        let start: UInt64

        /// Where its value begins.
        var value: Int { place &+ count &+ 2 }
    }

    /// Keys as `start` has them.
    private enum Word {
        static let type: UInt64 = 0x6570_7974
        static let run: UInt64 = 0x6E_7572
        static let node: UInt64 = 0x6564_6F6E
        static let intent: UInt64 = 0x746E_6574_6E69
        static let leaf: UInt64 = 0x6661_656C
        static let index: UInt64 = 0x78_6564_6E69
    }

    private static let unsure = -1
    private static let maxDepth = 20
    private static let maxKeys = 16
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    let bytes: UnsafeRawPointer
    let count: Int
    /// Where strings end, or are not plain (`checksum.h`).
    let marks: UnsafePointer<UInt64>

    /// What it says of itself, if it is one object and nothing else.
    func whole() -> EntryHead? {
        var head = EntryHead()
        guard byte(0) == UInt8(ascii: "{") else { return nil }
        let end = members(from: 0) { key in
            let isIntent = key.start == Word.intent && byte(key.value) == UInt8(ascii: "{")
            let end = isIntent ? intent(at: key.value, &head) : value(at: key.value, depth: 1)
            if end > 0, byte(key.value) == UInt8(ascii: "\"") { note(key, end, &head) }
            return end
        }
        return end == count ? head : nil
    }

    @inline(__always)
    func byte(_ place: Int) -> UInt8 { place < count ? bytes.load(fromByteOffset: place, as: UInt8.self) : 0 }

    @inline(__always)
    private func word(_ place: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }

    /// The next mark from a place that is no further than `count`, where the last mark is.
    @inline(__always)
    private func mark(from place: Int) -> Int {
        var number = place &>> 6
        var word = marks[number] & ~0 &<< UInt64(truncatingIfNeeded: place)
        while word == 0 {
            number &+= 1
            word = marks[number]
        }
        return number &* 64 &+ word.trailingZeroBitCount
    }

    /// Past the object that begins at `start`; `member` says of each key where its value ends.
    @inline(__always)
    private func members(from start: Int, _ member: (Key) -> Int) -> Int {
        if byte(start &+ 1) == UInt8(ascii: "}") { return start &+ 2 }
        return withUnsafeTemporaryAllocation(of: Key.self, capacity: Self.maxKeys) { keys in
            var (place, known, seen) = (start, 0, UInt64(0))
            repeat {
                guard known < Self.maxKeys, let key = key(at: place &+ 1) else { return Self.unsure }
                // A bit for each key: one whose bit is not set is new without a look at the others.
                let bit: UInt64 = 1 << ((key.start &* 0x9E37_79B9_7F4A_7C15) >> 58)
                guard seen & bit == 0 || isNew(key, among: keys[..<known]) else { return Self.unsure }
                keys.initializeElement(at: known, to: key)
                (known, seen) = (known &+ 1, seen | bit)
                place = member(key)
            } while place > 0 && byte(place) == UInt8(ascii: ",")
            return place > 0 && byte(place) == UInt8(ascii: "}") ? place &+ 1 : Self.unsure
        }
    }

    /// A key and its colon; nil when it is not plain, or so near the end that eight bytes cannot be read.
    @inline(__always)
    private func key(at place: Int) -> Key? {
        guard byte(place) == UInt8(ascii: "\""), place &+ 9 <= count else { return nil }
        let end = mark(from: place &+ 1)
        guard byte(end) == UInt8(ascii: "\""), byte(end &+ 1) == UInt8(ascii: ":") else { return nil }
        let length = end &- place &- 1
        let spare = UInt64(truncatingIfNeeded: max(0, 64 &- 8 &* length))
        let start = (word(place &+ 1) << spare) >> spare
        guard !hasBackslash(start), length <= 8 || !hasBackslash(place &+ 9, end) else { return nil }
        return Key(place: place &+ 1, count: length, start: start)
    }

    /// Whether one of eight bytes is a backslash.
    @inline(__always)
    private func hasBackslash(_ word: UInt64) -> Bool {
        let others = word ^ Self.ones &* 0x5C
        return (others &- Self.ones) & ~others & (Self.ones &* 0x80) != 0
    }

    /// The same of the bytes from `start` to `end`; at least eight are before `end`.
    @inline(__always)
    private func hasBackslash(_ start: Int, _ end: Int) -> Bool {
        var place = start
        while place + 8 < end {
            if hasBackslash(word(place)) { return true }
            place += 8
        }
        return hasBackslash(word(end - 8))
    }

    @inline(__always)
    private func isNew(_ key: Key, among keys: Slice<UnsafeMutableBufferPointer<Key>>) -> Bool {
        for other in keys where other.start == key.start && other.count == key.count {
            if key.count <= 8 || memcmp(bytes + key.place, bytes + other.place, key.count) == 0 { return false }
        }
        return true
    }

    /// A text at the top level.
    private func note(_ key: Key, _ end: Int, _ head: inout EntryHead) {
        switch key.start {
        case Word.type: head.type = text(key.value, end)
        case Word.run: head.run = text(key.value, end)
        case Word.node: head.node = text(key.value, end)
        default: break
        }
    }

    /// Past the object that names another entry.
    private func intent(at start: Int, _ head: inout EntryHead) -> Int {
        members(from: start) { key in
            let end = value(at: key.value, depth: 2)
            guard end > 0 else { return end }
            switch (byte(key.value) == UInt8(ascii: "\""), key.start) {
            case (true, Word.leaf): head.intentLeaf = text(key.value, end)
            case (false, Word.index): head.intentIndex = number(key.value, end)
            default: break
            }
            return end
        }
    }

    private func object(at start: Int, depth: Int) -> Int {
        guard depth < Self.maxDepth else { return Self.unsure }
        return members(from: start) { value(at: $0.value, depth: depth &+ 1) }
    }

    private func text(_ place: Int, _ end: Int) -> JSONText {
        let isEscaped = memchr(bytes + place, Int32(UInt8(ascii: "\\")), end - place) != nil
        return JSONText(start: place + 1, end: end - 1, isEscaped: isEscaped)
    }

    /// Past a value.
    private func value(at place: Int, depth: Int) -> Int {
        switch byte(place) {
        case UInt8(ascii: "\""): return string(at: place)
        case UInt8(ascii: "{"): return object(at: place, depth: depth)
        case UInt8(ascii: "["): return array(at: place, depth: depth)
        case UInt8(ascii: "t"): return literal("true", at: place)
        case UInt8(ascii: "f"): return literal("false", at: place)
        case UInt8(ascii: "n"): return literal("null", at: place)
        default: return integer(at: place)
        }
    }

    private func array(at start: Int, depth: Int) -> Int {
        guard depth < Self.maxDepth else { return Self.unsure }
        if byte(start + 1) == UInt8(ascii: "]") { return start + 2 }
        var place = start
        repeat { place = value(at: place &+ 1, depth: depth &+ 1) } while place > 0 && byte(place) == UInt8(ascii: ",")
        return place > 0 && byte(place) == UInt8(ascii: "]") ? place + 1 : Self.unsure
    }

    @inline(__always)
    private func string(at start: Int) -> Int {
        var end = mark(from: start &+ 1)
        while byte(end) >= 0x80 {
            let next = scalar(at: end)
            guard next > 0 else { return Self.unsure }
            end = mark(from: next)
        }
        return byte(end) == UInt8(ascii: "\"") ? end &+ 1 : Self.unsure
    }

    /// Past a scalar of two bytes, or of three that begin with E1...EC, where no surrogates and no noncharacters are.
    private func scalar(at place: Int) -> Int {
        let continues = { (place: Int) in byte(place) & 0xC0 == 0x80 }
        // Behind a backslash it may be an escape, which it cannot be.
        guard byte(place - 1) != UInt8(ascii: "\\"), continues(place + 1) else { return Self.unsure }
        switch byte(place) {
        case 0xC2...0xDF: return place + 2
        case 0xE1...0xEC where continues(place + 2): return place + 3
        default: return Self.unsure
        }
    }

    /// Past an integer of at most fifteen digits, which is below 2^53.
    @inline(__always)
    private func integer(at start: Int) -> Int {
        let first = byte(start) == UInt8(ascii: "-") ? start + 1 : start
        var place = first
        while UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte(place) { place += 1 }
        let digits = place - first
        let isPlain =
            digits == 1 ? byte(first) != UInt8(ascii: "0") || first == start : byte(first) != UInt8(ascii: "0")
        // What follows is for whoever looks on: a point or an exponent is no end of a value.
        return 1...15 ~= digits && isPlain ? place : Self.unsure
    }

    @inline(__always)
    private func literal(_ word: StaticString, at place: Int) -> Int {
        let end = place + word.utf8CodeUnitCount
        return end <= count && memcmp(bytes + place, word.utf8Start, word.utf8CodeUnitCount) == 0 ? end : Self.unsure
    }

    /// An integer that was scanned; nil below 0.
    private func number(_ start: Int, _ end: Int) -> UInt64? {
        guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte(start) else { return nil }
        return (start..<end).reduce(0) { $0 * 10 + UInt64(byte($1) - UInt8(ascii: "0")) }
    }
}
