extension Playbook {
    /// A node that no platform's agent is on: certificates there are nobody else's.
    static func withoutAgent(on node: String, _ body: () async throws -> Void) async throws {
        let (unit, kept) = ("/etc/systemd/system/salt-minion-rafay.service", "/root/salt-minion-rafay.service")
        try await Testbed.exec(
            node, "systemctl stop salt-minion-rafay; mv \(unit) \(kept) && systemctl daemon-reload")
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try await Testbed.exec(
            node, "mv \(kept) \(unit) && systemctl daemon-reload && systemctl start salt-minion-rafay")
        try result.get()
    }
}
