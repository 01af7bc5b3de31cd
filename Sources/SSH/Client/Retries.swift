/// Tries again at nodes that turned us away for now, each time after a longer pause of random length.
struct Retries {
    private let limits: Limits

    init(_ limits: Limits) { self.limits = limits }

    func run<Value: Sendable>(
        for endpoint: Endpoint, _ body: () async throws(SSHError) -> Value
    ) async throws(SSHError) -> Value {
        var generator = SystemRandomNumberGenerator()
        var next = 2
        while true {
            do throws(SSHError) {
                return try await body()
            } catch {
                guard error.isTurnedAway, next <= limits.tries else { throw error }
            }
            let pause = limits.pause(before: next, using: &generator)
            next += 1
            guard (try? await Task.sleep(for: pause)) != nil else {
                throw SSHError(
                    .cancelled, .preparation, host: endpoint.description, "cancelled",
                    remedy: "nothing was started on the node")
            }
        }
    }
}
