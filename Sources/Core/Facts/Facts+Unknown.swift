extension Facts {
    /// Nothing is known of the node, and why.
    public static func unknown(_ cause: String) -> Facts {
        Facts(
            services: [:], kubelet: Kubelet(healthz: .unknown(cause)),
            firewall: Firewall(
                backend: .unknown(cause), inputPolicy: .unknown(cause), forwardPolicy: .unknown(cause),
                rules: .unknown(cause)),
            disks: .unknown(cause), uptime: .unknown(cause),
            machine: Machine(
                id: .unknown(cause), bootId: .unknown(cause), hostname: .unknown(cause), os: .unknown(cause),
                kernel: .unknown(cause)))
    }
}
