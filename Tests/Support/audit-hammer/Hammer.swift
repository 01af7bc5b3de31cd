import Engine
import Foundation
import TransparencyLog

/// Appends to an audit log from a process of its own, so that tests can kill it, run several, or fill its disk.
///
///     audit-hammer DIR NAME COUNT SIZE PARALLEL
///
/// prints `ack INDEX ENTRY` for each entry that is durable and ends with `done`; after an error it prints
/// `error CODE TEXT`, then what a further append and a checkpoint answer.
@main
struct Hammer {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 6, let count = Int(arguments[3]), let size = Int(arguments[4]),
            let parallel = Int(arguments[5])
        else {
            say("usage: audit-hammer DIR NAME COUNT SIZE PARALLEL")
            exit(64)
        }
        // A file size limit shall fail the write, not end the process.
        signal(SIGXFSZ, SIG_IGN)
        do {
            let log = try await AuditLog.open(directory: arguments[1], origin: "audit.example/test")
            say("open \(try await log.size)")
            try await hammer(log, name: arguments[2], count: count, size: size, parallel: parallel)
        } catch {
            report("error", error)
            exit(2)
        }
    }

    static func hammer(_ log: AuditLog, name: String, count: Int, size: Int, parallel: Int) async throws {
        do {
            try await withThrowingTaskGroup { group in
                for worker in 0..<parallel {
                    group.addTask {
                        for number in stride(from: worker, to: count, by: parallel) {
                            let filler = String(repeating: "x", count: size)
                            let entry = #"{"by":"\#(name)","n":\#(number),"filler":"\#(filler)"}"#
                            let index = try await log.append(Array(entry.utf8))
                            say("ack \(index) \(name)-\(number)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            say("signed \(try await log.checkpoint().checkpoint.size)")
            say("done")
        } catch {
            report("error", error)
            do { say("appended \(try await log.append(Array("{}".utf8)))") } catch { report("append", error) }
            do { say("signed \(try await log.checkpoint().checkpoint.size)") } catch { report("checkpoint", error) }
            exit(3)
        }
    }

    static func report(_ what: String, _ error: any Error) {
        say("\(what) \((error as? AuditError)?.code.rawValue ?? "other") \(error)")
    }

    /// Unbuffered: what was said before a kill was said.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
