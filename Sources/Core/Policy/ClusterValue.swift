import CEL

extension ClusterFacts {
    /// The cluster as expressions see it.
    func celValue(of reference: ClusterReference) -> Value {
        PolicySchema.message(
            "Cluster", at: "cluster",
            [
                "name": .string(reference.name), "environment": .string(reference.environment),
                "api": api.policyValue(at: "cluster.api", Value.bool),
                "pools": pools.policyValue(at: "cluster.pools") { .map(MapValue($0.mapValues(\.celValue))) },
                "controlPlane": .message(
                    name: "ControlPlane",
                    fields: [
                        "members": controlPlane.members.policyValue(at: "cluster.controlPlane.members", Value.texts),
                        "notReady": controlPlane.notReady.policyValue(at: "cluster.controlPlane.notReady", Value.texts),
                    ]),
                "etcd": PolicySchema.message(
                    "Etcd", at: "cluster.etcd",
                    [
                        "members": etcd.members.policyValue(at: "cluster.etcd.members", Value.texts),
                        "healthy": etcd.healthy.policyValue(at: "cluster.etcd.healthy", Value.texts),
                    ]),
                "upgrading": upgrading.policyValue(at: "cluster.upgrading", Value.bool),
                "observedAt": observedAt.policyValue(at: "cluster.observedAt") {
                    .instant($0, at: "cluster.observedAt")
                },
            ])
    }
}

extension ClusterFacts.Pool {
    fileprivate var celValue: Value {
        .message(
            name: "Pool",
            fields: [
                "total": .int(Int64(total)), "notReady": .texts(notReady), "unschedulable": .texts(unschedulable),
            ])
    }
}
