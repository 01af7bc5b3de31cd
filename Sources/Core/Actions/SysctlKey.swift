/// The validated name of a kernel parameter, its file under `/proc/sys`, and what setting it means.
struct SysctlKey: Sendable, Hashable {
    /// `net/ipv4/ip_forward`, below `/proc/sys`.
    let path: String

    /// Reads a name in either form of sysctl(8): `net.ipv4.ip_forward`, where a slash stands for a dot within a part
    /// (`net.ipv4.conf.eth0/100.rp_filter`), or `net/ipv4/ip_forward`, the path as it is.
    /// - Throws: ``ArgumentError`` for what is no such name, and for parameters that cannot be set and set back.
    init(_ text: String) throws(ArgumentError) {
        let separator = text.first { $0 == "." || $0 == "/" }
        let swapped = text.map { $0 == "." ? "/" : $0 == "/" ? "." : $0 }
        let path = separator == "." ? String(swapped) : text
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, text.utf8.count <= 200, text.utf8.allSatisfy(Self.isAllowed),
            parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.hasPrefix("-") })
        else {
            throw ArgumentError(
                "key", "must be a kernel parameter such as net.ipv4.ip_forward, not \(text.debugDescription)")
        }
        self.path = path
        if let reason = Self.refusal(path) { throw ArgumentError("key", "\(name) is not set: \(reason)") }
    }

    /// As sysctl(8) prints it.
    var name: String { String(path.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 }) }

    /// Whether a value of it can keep people out of the node: the network's, and those without which nothing can start.
    var cutsPath: Bool {
        if path.hasPrefix("net/") { return !Self.harmless.contains(path) && !path.hasPrefix("net/ipv4/tcp_keepalive_") }
        return Self.starving.contains(path) || path.hasPrefix("user/") || path.hasPrefix("vm/nr_hugepages")
            || path.hasPrefix("kernel/panic_on_")
    }

    /// The network's parameters disrupt the network; those that can starve a node, the node.
    var disrupts: Set<String> { path.hasPrefix("net/") ? ["network"] : cutsPath ? ["node"] : [] }

    /// Where the parameters of links lie that the kernel sets along with this one, nil when it sets no other.
    var links: String? {
        switch path {
        case "net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding": "net/ipv4/conf"
        case "net/ipv6/conf/all/forwarding": "net/ipv6/conf"
        default: nil
        }
    }

    /// Whether its value is a list such as `8080,8090-8092`, which is one number where it has one member.
    var isListOfRanges: Bool { path == "net/ipv4/ip_local_reserved_ports" }

    /// A hint where a parameter that is not there comes from.
    var module: String? {
        if path.hasPrefix("net/bridge/") { return "br_netfilter" }
        if path.hasPrefix("net/netfilter/nf_conntrack") { return "nf_conntrack" }
        return path.hasPrefix("net/ipv4/vs/") ? "ip_vs" : nil
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "_./-".utf8.contains(byte)
        }
    }

    private static let harmless: Set<String> = [
        "net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables",
        "net/bridge/bridge-nf-call-arptables", "net/core/somaxconn", "net/core/netdev_max_backlog",
        "net/ipv4/ip_nonlocal_bind", "net/ipv4/tcp_max_syn_backlog", "net/ipv4/tcp_slow_start_after_idle",
        "net/ipv4/tcp_tw_reuse",
    ]

    private static let starving: Set<String> = [
        "vm/min_free_kbytes", "vm/overcommit_memory", "vm/overcommit_ratio", "vm/overcommit_kbytes", "vm/panic_on_oom",
        "vm/max_map_count", "kernel/pid_max", "kernel/threads-max", "kernel/sched_rt_runtime_us", "fs/file-max",
        "fs/nr_open", "kernel/panic",
    ]

    /// Why a parameter is not for this action, nil when it is.
    private static func refusal(_ path: String) -> String? {
        if oneWay.contains(path) { return "it cannot be set back before a reboot" }
        if triggers.contains(path) { return "writing it does something at once that nothing takes back" }
        if programs.contains(path) || path.hasPrefix("fs/binfmt_misc/") || path.hasPrefix("kernel/usermodehelper/") {
            return "it names what the kernel runs as root; that is for a person"
        }
        if path.hasSuffix("/stable_secret") || path == "net/ipv4/tcp_fastopen_key" {
            return "it is a secret, which a plan would show"
        }
        if path.hasPrefix("net/ipv6/conf/"), path.hasSuffix("/disable_ipv6") || path.hasSuffix("/addr_gen_mode") {
            return "it takes the IPv6 addresses of links away, and setting it back does not bring them back"
        }
        if moving.contains(path) || path.hasPrefix("kernel/random/") { return "the kernel changes it by itself" }
        return path == "kernel/hostname" || path == "kernel/domainname" ? "use hostnamectl, which keeps it" : nil
    }

    private static let oneWay: Set<String> = [
        "kernel/modules_disabled", "kernel/kexec_load_disabled", "kernel/kexec_load_limit_panic",
        "kernel/kexec_load_limit_reboot", "kernel/yama/ptrace_scope", "kernel/unprivileged_bpf_disabled",
    ]
    private static let triggers: Set<String> = [
        "vm/drop_caches", "vm/compact_memory", "vm/stat_refresh", "net/ipv4/route/flush", "net/ipv6/route/flush",
    ]
    private static let programs: Set<String> = [
        "kernel/core_pattern", "kernel/modprobe", "kernel/hotplug", "kernel/poweroff_cmd", "kernel/cad_pid",
    ]
    private static let moving: Set<String> = ["kernel/ns_last_pid", "fs/dentry-state", "fs/inode-nr", "fs/file-nr"]
}
