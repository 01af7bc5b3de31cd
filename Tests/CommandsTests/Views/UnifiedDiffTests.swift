import Testing

@testable import Commands

struct UnifiedDiffTests {
    static let cases: [(name: String, old: [String], new: [String], expected: [String])] = [
        ("nothing differs", ["a", "b"], ["a", "b"], []),
        ("both empty", [], [], []),
        ("all new", [], ["a", "b"], ["@@ -0,0 +1,2 @@", "+ a", "+ b"]),
        ("all gone", ["a"], [], ["@@ -1 +0,0 @@", "- a"]),
        (
            "one line in the middle", ["1", "2", "3", "x", "5", "6", "7", "8"],
            ["1", "2", "3", "y", "5", "6", "7", "8"],
            ["@@ -1,7 +1,7 @@", "  1", "  2", "  3", "- x", "+ y", "  5", "  6", "  7"]
        ),
        (
            "far apart: two hunks", (1...12).map(String.init), ["0"] + (2...11).map(String.init) + ["13"],
            [
                "@@ -1,4 +1,4 @@", "- 1", "+ 0", "  2", "  3", "  4", "@@ -9,4 +9,4 @@", "  9", "  10", "  11", "- 12",
                "+ 13",
            ]
        ),
        (
            "near: one hunk", (1...8).map(String.init), ["0"] + (2...7).map(String.init) + ["9"],
            ["@@ -1,8 +1,8 @@", "- 1", "+ 0", "  2", "  3", "  4", "  5", "  6", "  7", "- 8", "+ 9"]
        ),
        ("repeated lines", ["a", "a", "a"], ["a", "a"], ["@@ -1,3 +1,2 @@", "  a", "  a", "- a"]),
    ]

    @Test("as diff -u shows it", arguments: cases)
    func known(name: String, old: [String], new: [String], expected: [String]) {
        #expect(UnifiedDiff(from: old, to: new).lines.map { $0.text(.plain) } == expected)
    }

    @Test("with all context, what is not added is the old text and what is not removed is the new", arguments: 0..<200)
    func complete(seed: Int) {
        var generator = SplitMix(state: UInt64(seed))
        let old = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
            "\(Int.random(in: 0...4, using: &generator))"
        }
        let new = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
            "\(Int.random(in: 0...4, using: &generator))"
        }
        let lines = UnifiedDiff(from: old, to: new, context: 1000).lines.dropFirst()
        guard old != new else {
            #expect(lines.isEmpty)
            return
        }
        #expect(lines.compactMap { if case .added = $0 { nil } else { String($0.text(.plain).dropFirst(2)) } } == old)
        #expect(lines.compactMap { if case .removed = $0 { nil } else { String($0.text(.plain).dropFirst(2)) } } == new)
    }

    @Test("thousands of lines that all differ end at once", .timeLimit(.minutes(5)))
    func large() {
        let old = (0..<30_000).map { "old \($0)" }
        let new = (0..<30_000).map { "new \($0)" }
        #expect(UnifiedDiff(from: ["same"] + old, to: ["same"] + new).lines.count == 60_002)
    }
}

/// The same numbers on every machine.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
