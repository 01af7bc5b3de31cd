/// A validated absolute path of a file on a node, and what depends on it.
struct FilePath: Sendable, Hashable {
    /// The path itself.
    let text: String
    /// The directory it is in.
    let directory: String
    /// Whether the kubelet runs what is in this directory: every file there is a pod, temporary ones included.
    let isManifest: Bool

    /// Reads the argument `path`, or one of another name.
    /// - Parameter asManifest: whether it is a static pod's manifest wherever it lies; some kubelets have other folders.
    /// - Throws: ``ArgumentError`` unless it is absolute and normalised, so that what is judged is what is written.
    init(_ text: String, argument: String = "path", asManifest: Bool = false) throws(ArgumentError) {
        // By bytes, here and below, as the kernel reads it: to a Character a slash and a combining mark behind it are one.
        let parts = Self.parts(text)
        guard text.utf8.first == UInt8(ascii: "/"), parts.count > 1 else {
            throw ArgumentError(argument, "must be absolute, not \(text.debugDescription)")
        }
        guard parts.dropFirst().allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw ArgumentError(
                argument, "must be normalised, without '//', '.', '..' and an ending '/', not \(text.debugDescription)")
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }), text.utf8.count <= 1024 else {
            throw ArgumentError(argument, "must not hold control characters and not be over 1024 bytes")
        }
        self.text = text
        let parent = parts.dropLast().joined(separator: "/")
        directory = parent.isEmpty ? "/" : parent
        isManifest = asManifest || directory == Self.manifests
    }

    /// Where kubeadm has the kubelet look for static pods.
    static let manifests = "/etc/kubernetes/manifests"

    private static func parts(_ text: String) -> [String] {
        text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { String($0) ?? "" }
    }

    private func begins(with prefix: String) -> Bool { text.utf8.starts(with: prefix.utf8) }

    /// Its last part.
    var name: String { Self.parts(text).last ?? "" }

    /// Where the temporary file goes: beside it, but outside the static pods' folder.
    var workplace: String {
        guard isManifest else { return directory }
        let parent = Self.parts(directory).dropLast().joined(separator: "/")
        return parent.isEmpty ? "/" : parent
    }

    /// Whether systemd reads it as a unit or a part of one, and has to be told that it changed.
    var isUnitFile: Bool { Self.unitTrees.contains { begins(with: $0 + "/") } }

    /// Whether a mistake in this file can keep people out of the node, now or after a restart (law 3).
    var cutsPath: Bool {
        let isListed = Self.pathTrees.contains { text == $0 || begins(with: $0 + "/") }
        return isListed || Self.pathPrefixes.contains(where: begins) || namesPathUnit
            || Self.parts(directory).contains(".ssh")
    }

    // A drop-in of ssh.service, or the unit itself, keeps sshd from starting at the next boot.
    private var namesPathUnit: Bool {
        Self.parts(text).contains { part in
            let unit = part.hasSuffix(".d") ? part.dropLast(2) : part[...]
            return unit.hasSuffix(".service") && ServiceUnit.cutsPath(String(unit))
        }
    }

    private static let unitTrees = [
        "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system",
    ]
    private static let pathTrees = [
        "/etc/ssh", "/etc/network", "/etc/netplan", "/etc/systemd/network", "/etc/NetworkManager", "/etc/nftables",
        "/etc/iptables", "/etc/firewalld", "/etc/ufw", "/etc/pam.d", "/etc/security", "/etc/sysconfig/network-scripts",
        "/etc/wireguard", "/etc/wpa_supplicant", "/root/.ssh", "/lib/systemd/network", "/usr/lib/systemd/network",
        "/etc/fstab",
    ]
    private static let pathPrefixes = [
        "/etc/sudoers", "/etc/nftables.conf", "/etc/sysconfig/network", "/etc/sysconfig/iptables",
        "/etc/sysconfig/ip6tables", "/etc/sysconfig/nftables", "/etc/passwd", "/etc/shadow", "/etc/group",
        "/etc/gshadow", "/etc/nsswitch.conf", "/etc/hosts.allow", "/etc/hosts.deny", "/etc/pam.conf",
        "/etc/default/ssh", "/etc/dhcpcd.conf", "/etc/ld.so", "/etc/shells", "/etc/nologin",
    ]
}
