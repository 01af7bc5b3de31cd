public import Core

extension Gatherer {
    /// Asks the Kubernetes API about the whole cluster, from the execution host and in one round trip.
    /// - Parameter now: the time; it counts where the host does not say its own.
    public func survey(at now: Timestamp) async -> ClusterSurveyFacts {
        guard let host = await ClusterHost.open(inventory, connector, nonces) else { return .unknown(Self.noHost) }
        let survey = ClusterSurvey(kubeconfig: host.kubeconfig)
        let asked = Questions([survey.commands()], nonces, bounds: survey.bounds())
        let answers = await asked.ask { (script) throws(NodeFailure) in try await host.run(script) }
        await host.close()
        switch answers {
        case .success(let parts): return survey.parse(parts[0], at: now)
        case .failure(let failure): return .unknown("the execution host did not answer: \(failure.message)")
        }
    }
}
