import Core
import SSH

/// Reads what runs left behind of a node: on the node itself, and for its cluster steps on the execution host. Read-only.
struct NodeRecords: Sendable {
    let connector: Connector
    let inventory: Inventory
    let nonces: any Nonces

    /// What was found, and what could not be looked at.
    struct Found: Sendable {
        /// One a run, by its id.
        var records: [AdoptedRecord] = []
        /// Run → how the way back of it stands that the node has by itself.
        var due: [String: NodeReturnStanding] = [:]
        /// Machines or records that could not be read, and why.
        var unread: [NodeFailure] = []
    }

    func read(of node: Inventory.Node) async -> Found {
        async let own = readThere(node)
        async let cluster = readOnHost(node)
        let parts = [await own, await cluster]
        let byRun = Dictionary(grouping: parts.flatMap(\.pieces), by: \.contents.run)
        var found = Found(due: parts[0].due, unread: parts.flatMap(\.unread))
        for run in byRun.keys.sorted() {
            var record = AdoptedRecord(run: run, node: node.name, pieces: byRun[run] ?? [])
            do throws(NodeFailure) { record.endings = try await endings(of: record, node) } catch {
                found.unread.append(error)
            }
            found.records.append(record)
        }
        return found
    }

    // The cluster's lease goes back first: a run that is found on the node alone may be one that was about to end.
    private func endings(
        of record: AdoptedRecord, _ node: Inventory.Node
    ) async throws(NodeFailure) -> [AdoptedRecord.Ending] {
        guard record.pieces.allSatisfy({ $0.place == .node }), record.hasDigest,
            let host = await ClusterHost.open(inventory, connector, nonces)
        else { return [] }
        let nonce = nonces.next()
        let script = RecordScript.ending(
            planSha256: record.planSha256, target: node.name, folder: host.plan?.records, nonce: nonce)
        let result: Result<[UInt8], NodeFailure>
        do throws(NodeFailure) { result = .success(try await host.run(script)) } catch { result = .failure(error) }
        await host.close()
        let ending = try parsed(result.get()) { (printed) throws(ObservationError) in
            try RecordScript.readEnding(printed, nonce: nonce)
        }
        return ending.map { [AdoptedRecord.Ending(place: .cluster, verdict: $0.verdict, by: $0.by)] } ?? []
    }

    private struct Part: Sendable {
        var pieces: [AdoptedRecord.Piece] = []
        var due: [String: NodeReturnStanding] = [:]
        var unread: [NodeFailure] = []
    }

    private typealias Run = @Sendable (String) async throws(NodeFailure) -> [UInt8]

    private func readThere(_ node: Inventory.Node) async -> Part {
        do throws(NodeFailure) {
            let connection = try await connector.connect(to: node.name)
            let run: Run = { (script) throws(NodeFailure) in
                try await Connector.run(script, on: connection, seconds: 60)
            }
            var part = await read(target: nil, folder: nil, place: .node) { (machineID) in
                let identity = NodeIdentity(
                    address: connection.endpoint.place, hostKey: connection.hostKey.fingerprint,
                    machineID: machineID)
                return HostPlan(name: node.name, identity: identity)
            } run: { (script) throws(NodeFailure) in
                try await run(script)
            }
            do throws(NodeFailure) { part.due = try await due(run) } catch { part.unread.append(error) }
            await connection.close()
            return part
        } catch {
            return Part(unread: [error])
        }
    }

    private func due(_ run: Run) async throws(NodeFailure) -> [String: NodeReturnStanding] {
        var due: [String: NodeReturnStanding] = [:]
        let runs = try await parsed(run(NodeReturnList.script)) { (printed) throws(ObservationError) in
            try NodeReturnList.read(printed)
        }
        for id in runs {
            due[id] = try await parsed(run(NodeReturnScript.look(run: id))) { (printed) throws(ObservationError) in
                try NodeReturnStanding(parsing: printed)
            }
        }
        return due
    }

    private func readOnHost(_ node: Inventory.Node) async -> Part {
        guard let host = await ClusterHost.open(inventory, connector, nonces) else { return Part() }
        let part = await read(target: node.name, folder: host.plan?.records, place: .cluster) { _ in
            host.plan
        } run: { (script) throws(NodeFailure) in
            try await host.run(script)
        }
        await host.close()
        return part
    }

    private func read(
        target: String?, folder: String?, place: Place, host: (_ machineID: String) -> HostPlan?, run: Run
    ) async -> Part {
        var part = Part()
        do throws(NodeFailure) {
            let nonce = nonces.next()
            let listing = try await parsed(run(RecordScript.list(folder: folder, nonce: nonce))) {
                (printed) throws(ObservationError) in
                try RecordListing(parsing: printed, nonce: nonce)
            }
            let runs = listing.bases.filter { $0.target == target }.flatMap(\.runs).map(\.run)
            for id in Set(runs).sorted() {
                do throws(NodeFailure) {
                    let nonce = nonces.next()
                    let contents = try await parsed(
                        run(RecordScript.read(run: id, target: target, folder: folder, nonce: nonce))
                    ) {
                        (printed) throws(ObservationError) in try RecordContents(parsing: printed, nonce: nonce)
                    }
                    guard contents.exists, contents.run == id, contents.target == target,
                        let host = host(contents.machine.machineID)
                    else { continue }
                    part.pieces.append(AdoptedRecord.Piece(place: place, host: host, contents: contents))
                } catch {
                    part.unread.append(error)
                }
            }
        } catch {
            part.unread.append(error)
        }
        return part
    }

    private func parsed<Value>(
        _ printed: [UInt8], _ parse: ([UInt8]) throws(ObservationError) -> Value
    ) throws(NodeFailure) -> Value {
        do throws(ObservationError) { return try parse(printed) } catch {
            throw NodeFailure(error.message, remedy: error.remedy, isPassing: false)
        }
    }
}
