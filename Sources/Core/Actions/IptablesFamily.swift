/// IPv4 or IPv6 as iptables keeps them apart.
enum IptablesFamily: String, CaseIterable, Sendable {
    case ipv4
    case ipv6

    /// Prints the rules.
    var save: String { self == .ipv4 ? "iptables-save" : "ip6tables-save" }
    /// Reads rules in one transaction (per table with the legacy backend, as a whole with nf_tables).
    var restore: String { self == .ipv4 ? "iptables-restore" : "ip6tables-restore" }
    /// The ending of its snapshot file.
    var ending: String { self == .ipv4 ? "v4" : "v6" }

    /// The field with the chains and rules that are not kube-proxy's or the CNI's, without counters.
    var rules: String { "\(rawValue).rules" }
    /// The field with the policies of the built-in chains.
    var policies: String { "\(rawValue).policies" }
    /// The field with the whole output, counters included.
    var saved: String { "\(rawValue).save" }
    /// The field with what kube-proxy and the CNI had in the snapshot and have lost (`iptables.restore` only).
    var missing: String { "\(rawValue).missing" }
    /// The field with the content of the snapshot file.
    var snapshot: String { "snapshot.\(ending)" }
}
