public import Core

extension Gatherer {
    /// Asks the Kubernetes API about the whole cluster, from the execution host and in one round trip.
    /// - Parameter now: the time; it counts where the host does not say its own.
    public func survey(at now: Timestamp) async -> ClusterSurveyFacts {
        guard let host = await ClusterHost.open(inventory, connector, nonces) else { return .unknown(Self.noHost) }
        let survey = ClusterSurvey(kubeconfig: host.kubeconfig)
        let script = ReadScript(survey.commands(), nonce: nonces.next(), bounds: survey.bounds())
        let found: ClusterSurveyFacts
        do throws(NodeFailure) {
            found = Self.read(try await host.run(script.text), survey, script, now)
        } catch {
            found = .unknown("the execution host did not answer: \(error.message)")
        }
        await host.close()
        return found
    }

    private static func read(
        _ printed: [UInt8], _ survey: ClusterSurvey, _ script: ReadScript, _ now: Timestamp
    ) -> ClusterSurveyFacts {
        do throws(ObservationError) {
            return survey.parse(try script.parse(printed), at: now)
        } catch {
            return .unknown(error.message)
        }
    }
}
