/// The names Kubernetes admits, as its documentation states them (Labels and Selectors; Object Names and IDs).
///
/// They are narrower than any shell, template or JSON needs them to be, which is what lets them stand in one.
enum KubernetesName {
    /// Nil for a node's name (a DNS subdomain), else what is wrong.
    static func fault(ofNode name: String) -> String? {
        isSubdomain(name)
            ? nil
            : "must be a node's name in Kubernetes: lower-case letters, digits, '-' and '.', at most 253, "
                + "beginning and ending with a letter or digit"
    }

    /// Nil for the name of most other objects, else what is wrong.
    static func fault(ofObject name: String) -> String? {
        isSubdomain(name)
            ? nil
            : "must be a name in Kubernetes: lower-case letters, digits, '-' and '.', at most 253, beginning and ending "
                + "with a letter or digit"
    }

    /// Nil for a namespace (a DNS label), else what is wrong.
    static func fault(ofNamespace name: String) -> String? {
        isSubdomain(name) && !name.contains(".") && name.utf8.count <= 63
            ? nil
            : "must be a namespace: lower-case letters, digits and '-', at most 63, beginning and ending with a letter or "
                + "digit"
    }

    /// Nil for a key of a ConfigMap's data, else what is wrong.
    static func fault(ofDataKey key: String) -> String? {
        let isKey = key.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }
        return isKey && (1...253).contains(key.utf8.count) && key != "." && !key.hasPrefix("..")
            ? nil : "must be a key of a ConfigMap: letters, digits, '-', '_' and '.', at most 253"
    }

    /// Nil for a key that may be changed, else what is wrong: `app`, `example.com/app`.
    /// - Parameter exceptions: keys that may be changed although their domain is Kubernetes' own.
    static func fault(ofKey key: String, exceptions: Set<String> = []) -> String? {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard isKey(key) else {
            return "must be a key like 'app' or 'example.com/app': letters, digits, '-', '_' and '.', at most 63"
        }
        guard parts.count == 2, isReserved(domain: parts[0]), !exceptions.contains(key) else { return nil }
        return
            "belongs to Kubernetes or Belay itself, which set it for their own purposes; use a key of your own domain"
    }

    /// Whether it is a key at all, whoever it belongs to.
    static func isKey(_ key: String) -> Bool {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return parts.count <= 2 && isLabelWord(parts.last ?? "") && (parts.count == 1 || isSubdomain(parts[0]))
    }

    /// Nil for a value of a label or a taint (which may be empty), else what is wrong.
    static func fault(ofValue value: String) -> String? {
        value.isEmpty || isLabelWord(value)
            ? nil
            : "must be empty or letters, digits, '-', '_' and '.', at most 63, beginning and ending with a letter or digit"
    }

    // A node's roles, host name, zone and the controllers' own taints: schedulers, volumes and daemons rely on them.
    private static func isReserved(domain: String) -> Bool {
        domain == "belay"
            || ["kubernetes.io", "k8s.io"].contains { domain == $0 || domain.hasSuffix("." + $0) }
    }

    private static func isLabelWord(_ text: String) -> Bool {
        isWord(text, atMost: 63) { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }
    }

    private static func isSubdomain(_ text: String) -> Bool {
        isWord(text, atMost: 253) { (isAlphanumeric($0) && !isUpper($0)) || $0 == 0x2D || $0 == 0x2E }
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                isWord(String(part), atMost: 253) { _ in true }
            }
    }

    /// Whether all bytes are admitted and the first and last are letters or digits.
    private static func isWord(_ text: String, atMost limit: Int, _ admits: (UInt8) -> Bool) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return text.utf8.count <= limit && text.utf8.allSatisfy(admits) && isAlphanumeric(first) && isAlphanumeric(last)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || isUpper(byte)
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
}
