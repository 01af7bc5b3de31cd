public import Core

/// Every point of a runbook's course at which something can end it or cut it off: all are tried, one world each.
///
/// A course is how a run goes where nothing strikes but one thing that makes it go that way: a command that fails, a check
/// that does, an undo, a path that is really cut. A point is one occasion of one trouble in it: an entry of the log that is
/// not written, not synced, or the last thing its process does; a request that is not sent, or lost, or answered by nobody; a
/// node without power before it does something or just after. The laws are checked in each, and the run must come to an end.
public struct CrashPoints {
    /// How a run goes, by the faults that make it so; empty where all goes well.
    public typealias Course = [String]

    /// What befalls a run.
    public static let troubles: [Fault] = [
        .killBeforeWrite, .killBeforeSync, .killAfterSync, .killBeforeSend, .killAfterSend, .powerOfExecutor, .sleeps,
        .diskFull, .syncFails, .linkDrops, .requestLost, .answerLost, .oldConnectionDies, .powerAtRequest,
        .powerAtAnswer,
    ]

    /// What ends the process that works on a run; the next one may meet it, too.
    static let kills: [Fault] = [.killBeforeWrite, .killBeforeSync, .killAfterSync, .killBeforeSend, .killAfterSend]

    /// What makes a course.
    private static let turns: [Fault] = [
        .commandFails, .breaksHealth, .cutsForReal, .commandHangs, .unitRefused, .busy,
    ]

    /// What was tried.
    public struct Tally: Sendable {
        /// Courses of all runbooks.
        public var courses = 0
        /// Points there are, by trouble.
        public var points: [String: Int] = [:]
        /// Those at which the trouble came to pass and the run came to its end.
        public var covered = 0
        /// How nodes ended, how often.
        public var ends: [String: Int] = [:]

        /// Nothing tried yet.
        public init() {}
    }

    /// A point at which a law was broken.
    public struct Breach: Error {
        /// The world in which it happens again.
        public var setting: Setting
        /// What was broken there.
        public var violations: [String]
    }

    private let runbook: Runbook
    private let isTwice: Bool

    /// - Parameter twice: shows pairs of points instead: where the process that works on a run is ended, whoever takes over is
    ///   ended, too, at every point of what it does.
    public init(of runbook: Runbook, twice: Bool = false) {
        self.runbook = runbook
        isTwice = twice
    }

    /// Tries every `stride`th point, from the one with number `first` on.
    /// - Throws: ``Breach`` at the first broken law.
    public func run(from first: Int = 0, stride: Int = 1, into tally: inout Tally) throws {
        var number = 0
        for course in try courses() {
            tally.courses += first == 0 ? 1 : 0
            let troubles = isTwice ? Self.kills : Self.troubles
            for (point, trouble) in Self.points(troubles, in: try world(course).occasions) {
                defer { number += 1 }
                guard number % stride == first else { continue }
                if !isTwice { try show(course + [point], trouble, &tally) } else { try again(course, point, &tally) }
            }
        }
    }

    /// All ways a run of it may go.
    public func courses() throws -> [Course] {
        var courses: [Course] = [[]]
        for (turn, fault) in Self.points(Self.turns, in: try world([]).occasions) {
            courses.append([turn])
            guard fault == .breaksHealth || fault == .commandFails else { continue }
            courses += Self.points([.undoFails], in: try world([turn]).occasions).map { [turn, $0.name] }
        }
        return courses
    }

    // Whoever takes over meets the end at each point of its own course.
    private func again(_ course: Course, _ point: String, _ tally: inout Tally) throws {
        for (second, trouble) in Self.points(Self.kills, in: try world(course + [point]).occasions) {
            let result = try checked(course + [point, second])
            // Else it is a point of the first process's, before its end.
            guard result.struck.last == second, result.struck.contains(point) else { continue }
            tally.points[trouble.rawValue + ", twice", default: 0] += 1
            tally.covered += 1
            tally.ends.merge(result.ends, uniquingKeysWith: +)
        }
    }

    private func show(_ faults: [String], _ trouble: Fault, _ tally: inout Tally) throws {
        let result = try checked(faults)
        tally.points[trouble.rawValue, default: 0] += 1
        if let point = faults.last, result.struck.contains(point) { tally.covered += 1 }
        tally.ends.merge(result.ends, uniquingKeysWith: +)
    }

    private func checked(_ faults: [String]) throws -> Simulation.Result {
        let result = try world(faults)
        guard result.violations.isEmpty else {
            throw Breach(setting: .course(of: runbook, faults: faults), violations: result.violations)
        }
        return result
    }

    private static func points(_ faults: [Fault], in occasions: [String: Int]) -> [(name: String, fault: Fault)] {
        faults.flatMap { fault in
            let found = occasions.filter { $0.key.hasPrefix("\(fault.rawValue)@") }.sorted { $0.key < $1.key }
            return found.flatMap { occasion, count in (0..<count).map { ("\(occasion)#\($0)", fault) } }
        }
    }

    private func world(_ faults: [String]) throws -> Simulation.Result {
        try Simulation(.course(of: runbook, faults: faults)).run()
    }
}

extension Setting {
    /// A world with one plan of a runbook and one node, where these faults strike and no others.
    public static func course(of runbook: Runbook, faults: [String]) -> Setting {
        var setting = Setting.quiet(seed: 1)
        (setting.runbook, setting.forced) = (runbook, Set(faults))
        // What tears a log is tried on a log of bytes.
        setting.hasBytes = faults.contains { $0.hasPrefix(Fault.powerOfExecutor.rawValue) }
        return setting
    }
}
