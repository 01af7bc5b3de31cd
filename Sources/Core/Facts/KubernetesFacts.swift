extension Facts {
    /// What the Kubernetes API says of one node, as it was asked from the execution host.
    public struct Kubernetes: Codable, Sendable, Hashable {
        /// The API itself.
        public var api: API
        /// The node's object and lease.
        public var node: Node

        /// The API as the execution host sees it.
        public struct API: Codable, Sendable, Hashable {
            /// Whether it answers; false when kubectl cannot connect, or gets nothing but a server's own error, or that
            /// not in time. Not known when it was not asked, or who answers is not trusted.
            public var reachable: Fact<Bool>
            /// Why it does not answer, empty when it does.
            public var error: Fact<String>
        }

        /// One node.
        public struct Node: Codable, Sendable, Hashable {
            /// The condition Ready is True. False also while Kubernetes does not hear of the node (Ready=Unknown).
            public var ready: Fact<Bool>
            /// It is cordoned.
            public var unschedulable: Fact<Bool>
            /// The run that cordoned it, `a person`, or empty when nobody did.
            public var cordonedBy: Fact<String>
            /// Type → condition (`DiskPressure`, `NetworkUnavailable`, …).
            public var conditions: Fact<[String: Condition]>
            /// How long ago its kubelet renewed its lease, by the execution host's clock.
            public var leaseAge: Fact<Duration>
            /// Its labels.
            public var labels: Fact<[String: String]>
            /// Its annotations; of a long one only the key.
            public var annotations: Fact<[String: Fact<String>]>
        }

        /// A condition of a node.
        public struct Condition: Codable, Sendable, Hashable {
            /// `True`, `False` or `Unknown`.
            public var status: String
            /// One word that says why.
            public var reason: String
            /// Since when it has this status.
            public var since: Fact<Timestamp>
        }

        /// Nothing is known, for one reason.
        public static func unknown(_ cause: String) -> Kubernetes {
            Kubernetes(
                api: .init(reachable: .unknown(cause), error: .unknown(cause)),
                node: .init(
                    ready: .unknown(cause), unschedulable: .unknown(cause), cordonedBy: .unknown(cause),
                    conditions: .unknown(cause), leaseAge: .unknown(cause), labels: .unknown(cause),
                    annotations: .unknown(cause)))
        }

        /// The API cannot be reached by this run, since its execution host cannot, or there is none: of the node nothing is known.
        public static func unreachable(_ cause: String) -> Kubernetes {
            var facts = unknown(cause)
            facts.api = .init(reachable: .known(false), error: .known(cause))
            return facts
        }

        /// Nobody was asked: the inventory names no execution host.
        public static let notAsked = unknown("no cluster.kubectl in the inventory")
    }

    /// These facts, with what the execution host was told about the node.
    public func with(kubernetes: Kubernetes) -> Facts {
        var facts = self
        facts.kubernetes = kubernetes
        return facts
    }
}
