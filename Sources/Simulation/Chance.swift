/// What may go wrong in a simulated world. Each has a rate, in thousandths of the occasions there are.
public enum Fault: String, Sendable, CaseIterable {
    // Executors.
    case killBeforeWrite, killBeforeSync, killAfterSync, killBeforeSend, killAfterSend, powerOfExecutor, sleeps
    // Their disks.
    case diskFull, syncFails
    // Links.
    case linkDrops, requestLost, answerLost, answersLate, oldConnectionDies
    // Nodes.
    case reboots, powerOfNode, nodeDiskFull, busy, unitRefused
    // Commands.
    case commandFails, commandLies, commandHangs, undoFails, cutsForReal, breaksHealth, blind
    // Others.
    case foreign, lateOperator
    // Nodes, at the moment when something is asked of them.
    case powerAtRequest, powerAtAnswer

    /// The place in `allCases`, part of the key of every draw.
    var number: UInt64 { UInt64(Self.numbers[self] ?? 0) }

    private static let numbers = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}

/// All randomness of a world, from one seed. A draw depends on the seed, its kind, its stream (a node, an executor) and how
/// often that was drawn, not on what was drawn elsewhere: so a fault can be left out, and the rest goes on much as before.
final class Chance {
    /// Names a fault that struck: `kind@stream#n`.
    typealias Name = String

    let seed: UInt64
    /// In thousandths.
    var rates: [Int]
    /// Only these faults strike; nil = all.
    let only: Set<Name>?
    /// These strike, and no others, whatever the rates; nil = as the rates have it.
    let forced: Set<Name>?
    /// How often each fault could have struck so far, by `kind@stream`; only kept where faults are forced.
    private(set) var occasions: [String: Int] = [:]
    private(set) var struck: [Name] = []
    /// Set once the world is to come to rest: nothing strikes any more.
    var isQuiet = false
    private var counts: [UInt64: UInt64] = [:]

    init(seed: UInt64, rates: [Fault: Int], only: Set<Name>? = nil, forced: Set<Name>? = nil) {
        self.seed = seed
        self.forced = forced
        self.rates = Fault.allCases.map { rates[$0] ?? 0 }
        self.only = only
    }

    /// Whether a fault strikes now.
    func strikes(_ fault: Fault, _ stream: Int) -> Bool {
        if let forced { return !isQuiet && strikes(fault, stream, forced) }
        let rate = rates[Int(fault.number)]
        guard rate > 0, !isQuiet else { return false }
        let (value, count) = draw(fault.number, stream)
        guard value % 1000 < UInt64(rate) else { return false }
        let name = "\(fault.rawValue)@\(stream)#\(count)"
        guard only?.contains(name) ?? true else { return false }
        struck.append(name)
        return true
    }

    private func strikes(_ fault: Fault, _ stream: Int, _ forced: Set<Name>) -> Bool {
        let occasion = "\(fault.rawValue)@\(stream)"
        let count = occasions[occasion, default: 0]
        occasions[occasion] = count + 1
        let name = "\(occasion)#\(count)"
        guard forced.contains(name) else { return false }
        struck.append(name)
        return true
    }

    /// A number below `bound`; `purpose` keeps draws for different things apart.
    func below(_ bound: Int, _ purpose: Purpose, _ stream: Int = 0) -> Int {
        bound <= 1 ? 0 : Int(draw(1000 + purpose.rawValue, stream).value % UInt64(bound))
    }

    func percent(_ percent: Int, _ purpose: Purpose, _ stream: Int = 0) -> Bool {
        below(100, purpose, stream) < percent
    }

    /// Seconds between two bounds.
    func seconds(_ range: ClosedRange<Double>, _ purpose: Purpose, _ stream: Int = 0) -> Double {
        let part = Double(draw(1000 + purpose.rawValue, stream).value >> 11) / Double(1 << 53)
        return range.lowerBound + (range.upperBound - range.lowerBound) * part
    }

    /// What a draw is for.
    enum Purpose: UInt64 {
        case world, plan, latency, disk, duration, extent, downtime, foreign, delay, kept, due
    }

    private func draw(_ kind: UInt64, _ stream: Int) -> (value: UInt64, count: UInt64) {
        let key = kind << 32 | UInt64(truncatingIfNeeded: stream)
        let count = counts[key, default: 0]
        counts[key] = count + 1
        let mixed = Self.mix(seed &+ Self.mix(key &* 0x9E37_79B9_7F4A_7C15 &+ count))
        return (mixed, count)
    }

    // SplitMix64's finalizer (Steele, Lea, Flood 2014).
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
