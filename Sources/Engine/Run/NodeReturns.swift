import Core

/// Asks nodes about the way back of a temporary run that they have by themselves, once the run has ended.
struct NodeReturns: Sendable {
    let nodes: any Nodes
    /// Who asks, as it is left on the node.
    let holder: String

    /// How it stands; changes nothing.
    func look(at node: NodePlan, of run: String) async throws(NodeFailure) -> NodeReturnStanding {
        try await ask(NodeScript(.lookAtReturn(run: run), seconds: 40), of: node)
    }

    /// Takes it from the node, or learns what the node did.
    func take(from node: NodePlan, of run: String) async throws(NodeFailure) -> NodeReturnStanding {
        try await ask(NodeScript(.takeReturn(run: run, by: holder), seconds: 100), of: node)
    }

    /// Has the node remove what is left of one that is settled, and in the log. What stays does no harm.
    func forget(_ node: NodePlan, of run: String) async {
        _ = try? await ask(NodeScript(.forgetReturn(run: run), seconds: 40), of: node)
    }

    private func ask(_ script: NodeScript, of node: NodePlan) async throws(NodeFailure) -> NodeReturnStanding {
        guard let host = node.host(at: .node) else { return .none }
        let printed = try await nodes.run(script, on: host, for: node.name, afresh: false)
        do throws(ObservationError) { return try NodeReturnStanding(parsing: printed) } catch {
            throw NodeFailure("\(node.name): \(error.message)", remedy: error.remedy, isPassing: false)
        }
    }
}

extension Belay {
    /// What nodes said, and which could not be asked.
    struct Answers: Sendable {
        var standings: [String: NodeReturnStanding] = [:]
        var unreached: [String: NodeFailure] = [:]
    }

    /// Asks the nodes of a temporary change that may still have a way back by themselves, and puts on record what they say.
    func ask(
        _ purpose: NodeReturnRecord.Purpose, _ names: [String], of run: StoredRun, _ change: TemporaryChange
    ) async throws -> Answers {
        let nodes = SSHNodes(connector: connector)
        let returns = NodeReturns(nodes: nodes, holder: Environment.holder)
        var answers = Answers()
        do {
            for node in run.plan.nodes where names.contains(node.name) {
                try await ask(purpose, node, of: run, change, returns, &answers)
            }
        } catch {
            await nodes.close()
            throw error
        }
        await nodes.close()
        return answers
    }

    // What is settled goes from the node once it is in the log, and not before.
    private func ask(
        _ purpose: NodeReturnRecord.Purpose, _ node: NodePlan, of run: StoredRun, _ change: TemporaryChange,
        _ returns: NodeReturns, _ answers: inout Answers
    ) async throws {
        let standing: NodeReturnStanding
        do throws(NodeFailure) {
            standing =
                switch purpose {
                case .look: try await returns.look(at: node, of: run.plan.id)
                case .take: try await returns.take(from: node, of: run.plan.id)
                }
        } catch {
            answers.unreached[node.name] = error
            return
        }
        answers.standings[node.name] = standing
        guard purpose == .take || change.isNews(standing, of: node.name) else { return }
        try await log.hiding(run.plan.secrets).append(
            .nodeReturn(NodeReturnRecord(purpose: purpose, standing: standing)), by: Environment.holder, run: run.id,
            node: node.name)
        if standing.isSettled { await returns.forget(node, of: run.plan.id) }
    }
}
