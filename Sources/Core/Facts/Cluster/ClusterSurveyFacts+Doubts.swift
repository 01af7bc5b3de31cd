import CEL

extension ClusterSurveyFacts {
    /// Whether a pod on a node, by its name in Kubernetes, is not as it should be; also where that cannot be told.
    public func hasTroubledPods(on node: String) -> Bool {
        guard case .known(.list(let pods))? = fields["pods"] else { return true }
        return pods.contains { pod in
            guard case .message(_, let fields) = pod else { return true }
            return fields["node"] == .string(node)
        }
    }
}
