public import CEL

extension ClusterSurvey {
    /// Declares the variable `kubernetes` and the messages it is made of, but for KubernetesAPI, which
    /// ``Facts/declare(in:)`` does.
    public static func declare(in declarations: inout Declarations) {
        for (name, fields) in messages {
            declarations.declare(message: name, fields: fields.map { ($0.name, $0.type) })
        }
        declarations.declare(variable: "kubernetes", .message("ClusterState"))
    }

    /// The messages of `kubernetes` by name.
    public static let messages: [String: [FactField]] = [
        "ClusterState": state, "KubeNode": node, "Pod": pod, "Workload": workload, "KubernetesService": service,
        "Lease": lease, "Event": event, "Usage": usage, "SystemPods": systemPods,
    ]

    private static let state = [
        FactField("api", .message("KubernetesAPI"), "Whether the API answers the execution host, and why it does not."),
        FactField("version", .string, "The API server's version, as v1.20.2."),
        FactField("nodes", .map(.string, .message("KubeNode")), "All nodes, by their names in Kubernetes."),
        FactField(
            "pods", .list(.message("Pod")),
            "Containers that are not as they should be: of pods that are not Ready and have not succeeded, or are long "
                + "overdue to be gone, or whose container was started again in the last 10 minutes. One entry for a pod "
                + "without such a container. Those of failed pods come last; at most 200."),
        FactField("podCount", .int, "Pods there are."),
        FactField("troubledPodCount", .int, "Pods that are not as they should be, those beyond the list too."),
        FactField(
            "workloads", .list(.message("Workload")),
            "Deployments, DaemonSets and StatefulSets of which pods are not ready or not of the newest kind, or whose "
                + "newest version no controller has seen; at most 200."),
        FactField("troubledWorkloadCount", .int, "Such workloads, those beyond the list too."),
        FactField(
            "services", .list(.message("KubernetesService")),
            "Services with a selector and no ready endpoint; at most 100."),
        FactField("troubledServiceCount", .int, "Such Services, those beyond the list too."),
        FactField("serviceCount", .int, "Services with a selector."),
        FactField(
            "leases", .map(.string, .message("Lease")),
            "Of kube-scheduler and kube-controller-manager, where there are any."),
        FactField("events", .list(.message("Event")), "Warnings of the last 15 minutes, newest first; at most 60."),
        FactField(
            "usage", .map(.string, .message("Usage")),
            "What nodes use, by their names in Kubernetes, as metrics.k8s.io has it."),
        FactField(
            "systemPods", .map(.string, .message("SystemPods")),
            "kube-proxy, coredns (or kube-dns) and the DaemonSets of the pod network, by their names."),
    ]

    private static let node = [
        FactField("ready", .string, "The condition Ready: True, False or Unknown."),
        FactField("reason", .string, "Its reason, as KubeletNotReady or NodeStatusUnknown."),
        FactField("message", .string, "Its message; empty while it is True."),
        FactField("since", .timestamp, "Since when it is so."),
        FactField("unschedulable", .bool, "It is cordoned."),
        FactField("pressures", .list(.string), "Those of MemoryPressure, DiskPressure and PIDPressure that are True."),
        FactField(
            "networkUnavailable", .bool,
            "The condition NetworkUnavailable is True. False also where the pod network does not use it."),
        FactField("podCIDR", .string, "The range of its pods' addresses; empty where it has none."),
        FactField("kubelet", .string, "The kubelet's version."),
        FactField("runtime", .string, "The container runtime and its version, as containerd://1.7.24."),
        FactField("kernel", .string, "The kernel's release."),
        FactField("os", .string, "PRETTY_NAME of the operating system."),
        FactField("taints", .list(.string), "Taints as KEY=VALUE:EFFECT or KEY:EFFECT."),
        FactField(
            "leaseAge", .duration, "How long ago its kubelet renewed its lease, by the execution host's clock."),
        FactField("pods", .int, "Pods on it that have not ended."),
    ]

    private static let pod = [
        FactField("namespace", .string, "The pod's namespace."),
        FactField("name", .string, "The pod's name."),
        FactField("node", .string, "The node it is on, by its name in Kubernetes; empty where it is on none."),
        FactField(
            "owner", .string, "Its controller, as ReplicaSet/web-5d8f or Node/cp1 for a static pod; empty without."),
        FactField("phase", .string, "Pending, Running, Failed or Unknown."),
        FactField(
            "container", .string, "The container, also one of those that initialize; empty where none is to blame."),
        FactField("image", .string, "The container's image."),
        FactField(
            "reason", .string,
            "What kubectl's column STATUS says: why the container waits or ended, else why the pod is as it is, else "
                + "its phase; Unschedulable where the scheduler found no node."),
        FactField("message", .string, "What there is in words."),
        FactField("restarts", .int, "How often the container was started again."),
        FactField("lastReason", .string, "Why the container before this one ended, as OOMKilled; empty without."),
        FactField("exitCode", .int, "The status with which the container ended, else the one before it; else -1."),
        FactField("unready", .bool, "The container is not ready; of a pod without one, the pod."),
        FactField(
            "since", .timestamp,
            "Since when: the container ended, else the pod is not scheduled or not ready, else the container runs; of a pod "
                + "of which nothing else is known, since it is there."),
        FactField(
            "lines", .list(.string),
            "The last lines of the container that ended last; asked of at most six that are not ready, two of an owner."
        ),
    ]

    private static let workload = [
        FactField("kind", .string, "Deployment, DaemonSet or StatefulSet."),
        FactField("namespace", .string, "Its namespace."),
        FactField("name", .string, "Its name."),
        FactField("desired", .int, "Pods there should be."),
        FactField("ready", .int, "Pods that are ready."),
        FactField("updated", .int, "Pods of the newest kind."),
        FactField("available", .int, "Pods that have been ready for long enough."),
        FactField("generation", .int, "The version of what is wanted."),
        FactField("observedGeneration", .int, "The version that its controller has seen."),
    ]

    private static let service = [
        FactField("namespace", .string, "Its namespace."),
        FactField("name", .string, "Its name."),
        FactField("clusterIP", .string, "Its address in the cluster; None for a headless one."),
        FactField("selector", .string, "The labels of its pods, as app=web,tier=front."),
        FactField("ready", .int, "Addresses of ready pods behind it: none."),
        FactField("notReady", .int, "Addresses of pods behind it that are not ready."),
        FactField("matching", .int, "Pods that have its labels; asked of at most five services."),
    ]

    private static let lease = [
        FactField("holder", .string, "Who holds it."),
        FactField("age", .duration, "How long ago it was renewed, by the execution host's clock."),
    ]

    private static let event = [
        FactField("namespace", .string, "The namespace of what it is about."),
        FactField("object", .string, "What it is about, as Pod/web-1 or Node/w1."),
        FactField("reason", .string, "Its reason, as FailedScheduling."),
        FactField("message", .string, "Its message."),
        FactField("count", .int, "How often it was seen."),
        FactField("at", .timestamp, "When it was last seen."),
    ]

    private static let usage = [
        FactField("cpuPercent", .double, "Of the processor time that pods may have."),
        FactField("memoryPercent", .double, "Of the memory that pods may have."),
    ]

    private static let systemPods = [
        FactField("desired", .int, "Pods there should be."),
        FactField("ready", .int, "Pods that are ready."),
    ]
}
