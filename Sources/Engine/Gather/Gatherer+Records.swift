import Core
import SSH

/// What runs left on hosts, read-only: one script and one round trip each, all hosts at once.
extension Gatherer {
    /// Reads the records on hosts, each over a connection of its own.
    /// - Parameter names: of the inventory, or ``Core/Inflight/local``.
    func records(on names: [String]) async -> [Inflight.Sight] {
        await withTaskGroup(of: (Int, Inflight.Sight).self) { group in
            for (index, name) in names.enumerated() {
                group.addTask { (index, Inflight.Sight(host: name, listing: await records(on: name))) }
            }
            var seen: [Int: Inflight.Sight] = [:]
            for await (index, sight) in group { seen[index] = sight }
            return names.indices.compactMap { seen[$0] }
        }
    }

    private func records(on name: String) async -> Result<RecordListing, NodeFailure> {
        do throws(NodeFailure) {
            if name == Inflight.local {
                let host = LocalHost()
                return await listing(folder: try host.plan().records) { (script) throws(NodeFailure) in
                    try await host.run(script, seconds: Self.listSeconds)
                }
            }
            let connection = try await connector.connect(to: name)
            let listing = await listing(over: connection)
            await connection.close()
            return listing
        } catch {
            return .failure(error)
        }
    }

    /// Reads the records on a node over a connection that is there already.
    func listing(over connection: SSHConnection) async -> Result<RecordListing, NodeFailure> {
        await listing { (script) throws(NodeFailure) in
            try await Connector.run(script, on: connection, seconds: Self.listSeconds)
        }
    }

    private func listing(
        folder: String? = nil, _ run: (String) async throws(NodeFailure) -> [UInt8]
    ) async -> Result<RecordListing, NodeFailure> {
        let nonce = nonces.next()
        do throws(NodeFailure) {
            let printed = try await run(RecordScript.list(folder: folder, nonce: nonce))
            do throws(ObservationError) {
                return .success(try RecordListing(parsing: printed, nonce: nonce))
            } catch {
                return .failure(NodeFailure(error.message, remedy: error.remedy, isPassing: false))
            }
        } catch {
            return .failure(error)
        }
    }

    private static let listSeconds = 30
}
