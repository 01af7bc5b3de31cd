import Crypto
import Foundation
import SSH

/// Runs scripts over libssh2 in a process of its own, so that tests can have its system calls fail.
///
///     ssh-client PORT FOLDER
///
/// logs in on 127.0.0.1 with FOLDER/user and FOLDER/known_hosts, runs three scripts, two of them at once, each of which
/// appends its number to the file that BELAY_RAN names, and prints a line for each: how it ended and what it wrote, or
/// the error. Then how many more sockets are open than at first.
@main
struct Client {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let port = UInt16(arguments[1]),
            let ran = ProcessInfo.processInfo.environment["BELAY_RAN"]
        else {
            say("usage: ssh-client PORT FOLDER")
            exit(64)
        }
        // Some may have been left to this process.
        let before = sockets()
        do {
            let loops = try LoopGroup(count: 1)
            do {
                try await run(loops, port, arguments[2], ran)
            } catch {
                report("connect", error)
            }
            await loops.shutdown()
        } catch {
            report("loops", error)
        }
        say("sockets \(sockets() - before)")
    }

    private static func run(_ loops: LoopGroup, _ port: UInt16, _ folder: String, _ ran: String) async throws {
        var options = Options()
        (options.connectTimeout, options.handshakeTimeout) = (.seconds(10), .seconds(10))
        (options.authenticationTimeout, options.channelTimeout) = (.seconds(10), .seconds(10))
        (options.silenceLimit, options.grace) = (.seconds(10), .seconds(1))
        let connection = try await SSHConnection.connect(
            to: Endpoint(host: "127.0.0.1", port: port, user: NSUserName()),
            using: .key(PrivateKey(path: "\(folder)/user")), knownHosts: KnownHosts(files: ["\(folder)/known_hosts"]),
            options: options, on: loops)
        await run(1, "echo out; echo err >&2; exit 3", on: connection, ran)
        let text = (0..<2000).map { "line \($0) of the input" }.joined(separator: "\n")
        async let long: Void = run(2, "cat <<'END'\n\(text)\nEND\ncat >&2 <<'END'\n\(text)\nEND", on: connection, ran)
        async let short: Void = run(3, "cat /proc/self/status >/dev/null; echo third", on: connection, ran)
        _ = await (long, short)
        await connection.close()
    }

    private static func run(_ number: Int, _ script: String, on connection: SSHConnection, _ ran: String) async {
        do {
            let output = try await connection.run(
                script: "echo \(number) >>'\(ran)'\n\(script)", timeLimit: .seconds(10))
            let streams = [output.stdout, output.stderr].map { stream in
                let digest = stream.sha256 == Array(SHA256.hash(data: stream.head)) ? "" : " digest is wrong"
                return "\(stream.length) \(stream.sha256.prefix(4).map { String($0) }.joined(separator: "."))\(digest)"
            }
            say("run \(number) \(output.termination) \(streams.joined(separator: " "))")
        } catch {
            report("run \(number)", error)
        }
    }

    private static func report(_ what: String, _ error: any Error) {
        let error = error as? SSHError
        say("\(what) error \(error?.code.rawValue ?? "other") \(error?.phase.rawValue ?? "") \(error?.message ?? "")")
    }

    /// Those that are open now. Other descriptors Dispatch has too, and takes when it likes.
    private static func sockets() -> Int {
        let files = FileManager.default
        let names = (try? files.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.count {
            (try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?.hasPrefix("socket:") == true
        }
    }

    private static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
