import Foundation
import Testing

@testable import SSH

/// A real conversation, broken on the way after each packet and within it.
@Suite("A path that breaks", .serialized, .timeLimit(.minutes(5)))
struct RelayTests {
    /// At least as long as a server's first line.
    private static let banner = 60

    /// One conversation through a relay, on a script that leaves a file named after the break.
    private func converse(
        _ server: TestServer, through relay: Relay, _ name: String, _ options: Options, on loops: LoopGroup
    ) async throws -> Result<Output, SSHError> {
        let endpoint = Endpoint(
            host: "127.0.0.1", port: relay.port, user: server.endpoint.user, hostKeyAlias: "[127.0.0.1]:\(server.port)")
        let (key, hosts) = (try PrivateKey(path: server.userKey), try server.knownHosts())
        do throws(SSHError) {
            let connection = try await SSHConnection.connect(
                to: endpoint, using: .key(key), knownHosts: hosts, options: options, on: loops)
            let script = "echo > \(server.folder.path)/\(name); echo out; echo err >&2; exit 7"
            let result: Result<Output, SSHError>
            do throws(SSHError) {
                result = .success(try await connection.run(script: script, timeLimit: .seconds(60)))
            } catch {
                result = .failure(error)
            }
            await connection.close()
            return result
        } catch {
            return .failure(error)
        }
    }

    /// Where to break: at the start, at the end of each piece that passed in a whole conversation, a byte further, and
    /// half-way.
    private func breaks(_ kind: Relay.Break.Kind, _ server: TestServer, on loops: LoopGroup) async throws -> [Relay
        .Break]
    {
        let relay = try Relay(to: server.port)
        let output = try await converse(server, through: relay, "whole", Options(), on: loops).get()
        #expect(output.termination == .exited(7))
        return try await relay.passed().enumerated().flatMap { index, ends in
            let direction = try requireValue(Relay.Direction(rawValue: index))
            let halves = zip([0] + ends, ends).map { ($0 + $1) / 2 }
            let offsets = Set([0, 1] + ends.dropLast() + ends.dropLast().map { $0 + 1 } + halves)
            return offsets.sorted().map { Relay.Break(kind: kind, direction: direction, after: $0) }
        }
    }

    private func conversations(
        _ kind: Relay.Break.Kind, _ server: TestServer, _ options: Options, atOnce: Int
    ) async throws -> [(Relay.Break, Result<Output, SSHError>)] {
        let loops = try LoopGroup(count: 1)
        var left = try await breaks(kind, server, on: loops)[...]
        let results = try await withThrowingTaskGroup(of: (Relay.Break, Result<Output, SSHError>).self) { group in
            var results: [(Relay.Break, Result<Output, SSHError>)] = []
            while !left.isEmpty || !group.isEmpty {
                if let next = left.popFirst() {
                    group.addTask {
                        let relay = try Relay(to: server.port, next)
                        return (next, try await converse(server, through: relay, name(next), options, on: loops))
                    }
                }
                if left.isEmpty || results.count + atOnce <= left.startIndex, let result = try await group.next() {
                    results.append(result)
                }
            }
            return results
        }
        await loops.shutdown()
        #expect(loops.next().openDescriptors == 0)
        return results
    }

    private func name(_ point: Relay.Break) -> String { "ran-\(point.direction)-\(point.after)" }

    /// An outcome is a true result, an admission that nobody knows, or an error, and then the script did not run.
    private func check(
        _ point: Relay.Break, _ result: Result<Output, SSHError>, _ server: TestServer, _ codes: Set<SSHError.Code>
    ) {
        switch result {
        case .success(let output):
            switch output.termination {
            case .exited(7): #expect(output.stdout.text == "out\n" && output.stderr.text == "err\n", "\(point)")
            case .unknown: break
            default: Issue.record("\(point): \(output)")
            }
        case .failure(let error):
            // While the client has sent nothing, the reset may come before it knows that it is connected.
            let isEarly = point.direction == .fromServer ? point.after <= Self.banner : point.after == 0
            let allowed = isEarly ? codes.union([.unreachable]) : codes
            #expect(allowed.contains(error.code), "\(point): \(error)")
            #expect(
                !FileManager.default.fileExists(atPath: "\(server.folder.path)/\(name(point))"), "\(point): \(error)")
        }
    }

    @Test(
        "reset after any byte, in either direction: a true result, an unknown end or an error, and then nothing ran",
        .acceptance(.brokenPeersEndInTime, .statusIsNeverSilence), arguments: OpenSSHVersion.available)
    func resets(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version, extra: version.withoutPenalties)
        // No deadline is what ends these.
        var options = Options()
        options.connectTimeout = .seconds(120)
        options.handshakeTimeout = .seconds(120)
        options.authenticationTimeout = .seconds(120)
        options.channelTimeout = .seconds(120)
        options.silenceLimit = .seconds(120)
        let results = try await conversations(.reset, server, options, atOnce: 4)
        for (point, result) in results { check(point, result, server, [.connectionLost, .protocolFailure]) }
        checkPhases(results)
    }

    /// A server's bytes come in a fixed order, so a later break never has an earlier phase.
    private func checkPhases(_ results: [(Relay.Break, Result<Output, SSHError>)]) {
        let order = SSHError.Phase.allCases
        let phases = results.filter { $0.0.direction == .fromServer }.sorted { $0.0.after < $1.0.after }
            .map { (try? $0.1.get()) == nil ? phase($0.1) : .command }
        let numbers = phases.map { order.firstIndex(of: $0) ?? -1 }
        #expect(numbers == numbers.sorted(), "\(phases)")
        #expect(Set(phases).isSuperset(of: [.banner, .keyExchange, .authentication, .channel, .command]), "\(phases)")
    }

    private func phase(_ result: Result<Output, SSHError>) -> SSHError.Phase {
        guard case .failure(let error) = result else { return .command }
        return error.phase == .connection ? .banner : error.phase
    }

    @Test(
        "frozen after any byte, in either direction: ends at a deadline, never with a false result",
        .acceptance(.brokenPeersEndInTime, .frozenPeerIsFound), arguments: OpenSSHVersion.available)
    func freezes(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version, extra: version.withoutPenalties)
        var options = Options()
        options.handshakeTimeout = .seconds(4)
        options.authenticationTimeout = .seconds(4)
        options.channelTimeout = .seconds(4)
        options.silenceLimit = .seconds(5)
        let results = try await conversations(.freeze, server, options, atOnce: 200)
        for (point, result) in results { check(point, result, server, [.timedOut, .peerSilent]) }
    }
}
