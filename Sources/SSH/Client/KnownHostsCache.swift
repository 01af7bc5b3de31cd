/// Known hosts, read once for each list of files.
actor KnownHostsCache {
    private var known: [[String]: Task<KnownHosts, any Error>] = [:]

    func hosts(in files: [String]) async throws(SSHError) -> KnownHosts {
        let task = known[files] ?? Task { try await Self.read(files) }
        known[files] = task
        do {
            return try await task.value
        } catch {
            known[files] = nil
            throw error as? SSHError
                ?? SSHError(.keyUnreadable, .preparation, host: "known hosts", "\(error)", remedy: "report this")
        }
    }

    /// Off the actor, so that reading a long file holds up nobody who wants another.
    @concurrent private static func read(_ files: [String]) async throws(SSHError) -> KnownHosts {
        try KnownHosts(files: files)
    }
}
