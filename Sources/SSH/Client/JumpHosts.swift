/// Sessions on jump hosts, one for each chain, shared by all who go through it.
actor JumpHosts {
    private var sessions: [[Endpoint]: Task<Session, any Error>] = [:]

    /// The session of a chain's last host; made by `login` when there is none, or when it has ended.
    func session(
        of chain: [Route], _ login: @escaping @Sendable () async throws(SSHError) -> Session
    ) async throws(SSHError) -> Session {
        let key = chain.map(\.endpoint)
        while let task = sessions[key] {
            if let session = try? await task.value, await session.failure == nil { return session }
            // Someone else may have begun anew meanwhile.
            if sessions[key] == task { sessions[key] = nil }
        }
        let task = Task { () async throws -> Session in try await login() }
        sessions[key] = task
        do {
            return try await task.value
        } catch {
            if sessions[key] == task { sessions[key] = nil }
            throw error as? SSHError
                ?? SSHError(
                    .cancelled, .preparation, host: chain.last?.endpoint.description ?? "", "cancelled",
                    remedy: "nothing was started on the node")
        }
    }

    /// Ends them all, and so every connection through them.
    func close() async {
        for task in sessions.values { await (try? task.value)?.close() }
        sessions = [:]
    }
}
