/// What a probe found out about one node. Whatever could not be told is an unknown with its cause, never a default.
public struct Facts: Codable, Sendable, Hashable {
    /// Unit name as it was asked for → its state.
    public var services: [String: Fact<Service>]
    /// The kubelet's own opinion.
    public var kubelet: Kubelet
    /// A summary of the packet filter.
    public var firewall: Firewall
    /// Mount point → use, of filesystems that keep data.
    public var disks: Fact<[String: Disk]>
    /// Time since boot.
    public var uptime: Fact<Duration>
    /// Which machine this is.
    public var machine: Machine
    /// What the Kubernetes API says of it.
    public var kubernetes = Kubernetes.notAsked

    /// A systemd unit (`systemctl show`).
    public struct Service: Codable, Sendable, Hashable {
        /// LoadState=loaded: the unit exists.
        public var loaded: Bool
        /// ActiveState=active. Not health: a unit in a crash loop is active now and then.
        public var active: Bool
        /// ActiveState and SubState, `active/running`.
        public var state: String
        /// UnitFileState: `enabled`, `disabled`, …, empty when there is no unit file.
        public var enabled: String
        /// The main process, 0 when there is none.
        public var mainPid: Int
        /// NRestarts: restarts by systemd itself since the last start by hand.
        public var restarts: Int
        /// How long the same main process has been running, zero unless the unit is active.
        public var stableFor: Duration
    }

    /// The kubelet.
    public struct Kubelet: Codable, Sendable, Hashable {
        /// HTTP status of `127.0.0.1:10248/healthz`; 0 = no answer within 3 s.
        public var healthz: Fact<Int>
    }

    /// The packet filter as `iptables` sees it.
    public struct Firewall: Codable, Sendable, Hashable {
        /// `nft` or `legacy`.
        public var backend: Fact<String>
        /// IPv4 policy of the filter table's INPUT chain: `ACCEPT` or `DROP`.
        public var inputPolicy: Fact<String>
        /// IPv4 policy of the filter table's FORWARD chain.
        public var forwardPolicy: Fact<String>
        /// Rules in all IPv4 tables.
        public var rules: Fact<Int>
    }

    /// One filesystem.
    public struct Disk: Codable, Sendable, Hashable {
        /// Bytes in use of those an ordinary user could use, in percent, as `df` counts.
        public var usedPercent: Double
        /// Inodes in use, in percent; 0 where the filesystem does not count them.
        public var inodesUsedPercent: Double
        /// Bytes an ordinary user could still write.
        public var freeBytes: Int
    }

    /// Which machine this is.
    public struct Machine: Codable, Sendable, Hashable {
        /// `/etc/machine-id`.
        public var id: Fact<String>
        /// `/proc/sys/kernel/random/boot_id`: another one after every boot.
        public var bootId: Fact<String>
        /// The kernel's host name.
        public var hostname: Fact<String>
        /// PRETTY_NAME of `/etc/os-release`.
        public var os: Fact<String>
        /// The kernel's release.
        public var kernel: Fact<String>
    }
}

/// A fact: its value, or why it is not known.
public enum Fact<Value> {
    /// What was found.
    case known(Value)
    /// Why nothing can be said, in a sentence without a full stop.
    case unknown(String)

    /// The value, nil when it is not known.
    public var value: Value? {
        if case .known(let value) = self { value } else { nil }
    }
}

extension Fact: Sendable where Value: Sendable {}
extension Fact: Equatable where Value: Equatable {}
extension Fact: Hashable where Value: Hashable {}

extension Fact: Codable where Value: Codable {
    private enum CodingKeys: String, CodingKey { case known, unknown }

    /// Reads `{"known": …}` or `{"unknown": "cause"}`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let cause = try container.decodeIfPresent(String.self, forKey: .unknown) {
            self = .unknown(cause)
        } else {
            self = .known(try container.decode(Value.self, forKey: .known))
        }
    }

    /// Writes `{"known": …}` or `{"unknown": "cause"}`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .known(let value): try container.encode(value, forKey: .known)
        case .unknown(let cause): try container.encode(cause, forKey: .unknown)
        }
    }
}
