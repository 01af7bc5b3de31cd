/// How much is done at once, so that neither this machine nor those on the way are overrun.
public struct Limits: Sendable {
    /// Logins in progress in all; sessions that stand are not counted.
    public var logins = 256
    /// Logins in progress at one address: sshd drops at random from the tenth on (MaxStartups 10:30:100).
    public var loginsPerAddress = 8
    /// Logins in progress through one jump host.
    public var loginsPerJump = 32
    /// Tries at a node that turns us away before it says who it is (MaxStartups, PerSourcePenalties).
    public var tries = 4
    /// The longest wait before the second try; it doubles with each.
    public var firstPause = Duration.milliseconds(500)

    /// The defaults.
    public init() {}

    /// How long to wait before try number `next` (2 for the second): any time up to a bound that doubles, so that those
    /// who were turned away together do not come back together.
    func pause(before next: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let bound = firstPause * (1 << max(0, min(next - 2, 10)))
        return bound * Double.random(in: 0.25...1, using: &generator)
    }
}

/// Hands out turns to log in: one of all, one of the address, one of the jump host.
actor LoginQueue {
    private let limits: Limits
    private let all: Turns
    private var places: [String: (turns: Turns, users: Int)] = [:]

    init(_ limits: Limits) {
        self.limits = limits
        all = Turns(limits.logins)
    }

    /// Does `body` when all limits on the way permit it.
    func take<Value: Sendable>(
        _ route: Route, _ body: @Sendable () async throws(SSHError) -> Value
    ) async throws(SSHError) -> Value {
        var wanted = [("\(route.endpoint.host):\(route.endpoint.port)", limits.loginsPerAddress)]
        if let jump = route.jumps.last { wanted.append(("through \(jump.endpoint)", limits.loginsPerJump)) }
        do {
            return try await take(wanted[...], body)
        } catch let error as SSHError {
            throw error
        } catch {
            throw SSHError(
                .cancelled, .preparation, host: route.endpoint.description, "cancelled",
                remedy: "nothing was started on the node")
        }
    }

    /// The narrow ones first: who waits for a busy address must not keep others from theirs.
    private func take<Value: Sendable>(
        _ wanted: ArraySlice<(String, Int)>, _ body: @Sendable () async throws(SSHError) -> Value
    ) async throws -> Value {
        guard let (name, count) = wanted.first else { return try await all.take(body) }
        var place = places[name] ?? (Turns(count), 0)
        place.users += 1
        places[name] = place
        defer { leave(name) }
        return try await place.turns.take { try await self.take(wanted.dropFirst(), body) }
    }

    private func leave(_ name: String) {
        guard let place = places[name] else { return }
        places[name] = place.users > 1 ? (place.turns, place.users - 1) : nil
    }
}
