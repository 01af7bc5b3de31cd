/// SplitMix64: a seed names the same case on every machine.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The numbers of a seed.
    public init(seed: UInt64) { state = seed }

    /// The next one.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension SeededGenerator {
    /// One of several choices, of which there is one at least.
    public mutating func pick<T>(_ choices: [T]) -> T { choices[number(0...(choices.count - 1))] }

    /// Each choice or not.
    public mutating func some<T>(of choices: [T]) -> [T] { choices.filter { _ in chance(50) } }

    /// True so many times in a hundred.
    public mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

    /// A number within a range.
    public mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}
