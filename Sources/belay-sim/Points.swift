import ArgumentParser
import Core
import Glibc
import Simulation
import SystemPackage

/// Every crash point of runbooks.
struct Points: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "points",
        abstract: "Ends a run of each runbook, or cuts it off, at every point of each of its courses.")

    @Argument(help: "Runbooks' files; the cases beside them are passed over.")
    var files: [String]

    private var runbooks: [String] { files.filter { !$0.hasSuffix(".test.yaml") } }

    @Flag(help: "Pairs of points: whoever takes over is ended, too, at every point of what it does.")
    var twice = false

    @Option(help: "Of all points the K-th of N parts, as 'K/N', so that several processes share them.")
    var part = "1/1"

    @Option(help: "Only this world of the first runbook, and everything that happens in it: kind@stream#n,…")
    var strike: String?

    func validate() throws {
        guard parts.count == 2, (1...max(parts[1], 1)).contains(parts[0]) else {
            throw ValidationError("--part is K/N, with K from 1 to N, not '\(part)'")
        }
    }

    func run() throws {
        BelaySim.beDeterministic()
        let books = try runbooks.map(Self.read)
        if let strike, let book = books.first {
            let faults = strike.split(separator: ",").map(String.init)
            let result = try Simulation(.course(of: book, faults: faults), keepsHistory: true).run()
            for line in result.history { print(line) }
            BelaySim.report(result)
            if !result.violations.isEmpty { throw ExitCode(1) }
            return
        }
        var tally = CrashPoints.Tally()
        for (book, file) in zip(books, runbooks) { try show(book, file, &tally) }
        let of = tally.points.values.reduce(0, +)
        print(
            "{\"what\":\"points\",\"runbooks\":\(books.count),\"courses\":\(tally.courses),\"covered\":\(tally.covered),"
                + "\"of\":\(of),\"points\":\(counts(tally.points)),\"ends\":\(counts(tally.ends))}")
        if tally.covered != of { throw ExitCode(1) }
    }

    private var parts: [Int] { part.split(separator: "/").compactMap { Int($0) } }

    private func show(_ book: Runbook, _ file: String, _ tally: inout CrashPoints.Tally) throws {
        do {
            try CrashPoints(of: book, twice: twice).run(from: parts[0] - 1, stride: parts[1], into: &tally)
        } catch let breach as CrashPoints.Breach {
            let again = try Simulation(breach.setting, keepsHistory: true).run()
            for line in again.history { print(line) }
            BelaySim.report(again)
            let faults = (breach.setting.forced ?? []).sorted().joined(separator: ",")
            print("again, every time: belay-sim points \(file) --strike '\(faults)'")
            throw ExitCode(1)
        }
    }

    private static func read(_ path: String) throws -> Runbook {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var room = [UInt8](repeating: 0, count: 65_536)
            while case let count = try room.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 {
                bytes += room[..<count]
            }
            return try Runbook.parse(bytes, file: path)
        }
    }
}
