/// Where an action's commands run.
public enum Place: String, Codable, Sendable, Hashable, CaseIterable {
    /// On the target itself.
    case node
    /// On the execution host, by the cluster's API: the target need not be reachable.
    case cluster
}
