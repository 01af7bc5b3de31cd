/// A password that many nodes share: asked for once, tried on one node first, and on the others only after it was right
/// there, so that a slip of the finger does not lock an account on a whole fleet.
public actor SharedPassword {
    private let ask: @Sendable (_ host: String) async throws(SSHError) -> String
    private let oneByOne = Turns(1)
    private var password: String?
    private var isProven = false
    private var asked = 0

    /// How often a person is asked.
    public static let maxAsked = 3

    /// - Parameter ask: asks a person, naming the host that wants it.
    public init(ask: @escaping @Sendable (_ host: String) async throws(SSHError) -> String) { self.ask = ask }

    /// One try on one node; say how it went with ``finish(_:accepted:)``.
    struct Try: Sendable {
        let password: String
        /// Whether all others wait for its outcome; one that is not was right on another node before.
        let isAlone: Bool
    }

    /// The password for a node, once it is this node's turn; nil when a person was asked often enough.
    func begin(for host: String) async throws(SSHError) -> Try? {
        if isProven, let password { return Try(password: password, isAlone: false) }
        do {
            try await oneByOne.acquire()
        } catch {
            throw SSHError(
                .cancelled, .authentication, host: host, "cancelled", remedy: "nothing was started on the node")
        }
        do throws(SSHError) {
            if let password = try await current(for: host) { return Try(password: password, isAlone: true) }
        } catch {
            oneByOne.release()
            throw error
        }
        oneByOne.release()
        return nil
    }

    private func current(for host: String) async throws(SSHError) -> String? {
        if let password { return password }
        guard asked < Self.maxAsked else { return nil }
        asked += 1
        password = try await ask(host)
        return password
    }

    /// - Parameter accepted: nil when the node did not get as far as judging it.
    func finish(_ attempt: Try, accepted: Bool?) {
        guard attempt.isAlone else { return }
        if let accepted, !isProven {
            isProven = accepted
            if !accepted { password = nil }
        }
        oneByOne.release()
    }
}
