/// What ``EtcdScript`` tells of the member on a node, and of its cluster.
///
/// Sizes, revisions and the leader change by themselves; who the members are and where the data lies does not.
struct EtcdLook: Sendable {
    /// The `KEY=VALUE` lines as they came.
    let said: [String: String]
    /// What the member says of itself.
    let own: EtcdStatus

    /// Reads the answer to `look`.
    init(_ output: CommandOutput) throws(ObservationError) {
        said = try output.properties(of: "asking etcd")
        let all: [EtcdStatus] = try Self.decode("status", of: said)
        guard all.count == 1, let one = all.first, one.size >= 0, one.inUse >= 0 else {
            throw Self.unreadable("status")
        }
        own = one
    }

    /// A value that must be there and in JSON.
    static func decode<Value: Decodable>(_ key: String, of said: [String: String]) throws(ObservationError) -> Value {
        guard let text = said[key], let value = try? JSON.decode(Value.self, from: Array(text.utf8)) else {
            throw unreadable(key)
        }
        return value
    }

    /// A count of bytes among the lines.
    func bytes(_ key: String) throws(ObservationError) -> Int {
        guard let text = said[key], let number = Int(text), number >= 0 else { throw Self.unreadable(key) }
        return number
    }

    /// At how many bytes it stops to write: what it was started with, else etcd's default of 2 GiB.
    func quota() throws(ObservationError) -> Int {
        if let told = own.quota, told > 0 { return told }
        let given = try bytes("quota")
        return given == 0 ? 2 << 30 : given
    }

    /// Fields that every action on etcd shows.
    func observation() throws(ObservationError) -> Observation {
        guard let data = said["data"], data.hasPrefix("/") else { throw Self.unreadable("data") }
        return Observation([
            "cluster": .text(String(own.cluster, radix: 16)), "member": .text(String(own.member, radix: 16)),
            "data": .text(Printable.escape(data, limit: 1024)),
            "version": .text(Printable.escape(own.version, limit: 40)),
            "revision": .text("\(own.revision)"), "dbSize": .text("\(own.size)"), "dbInUse": .text("\(own.inUse)"),
            "room": .text("\(try bytes("room"))"),
        ])
    }

    /// What a size is foreseen to be that only compaction tells.
    static let afterCompaction = "known once the old revisions are gone"

    /// The role of those fields.
    static func role(of field: String) -> FieldRole? {
        switch field {
        case "cluster", "member", "data", "members", "unhealthy", "quota": .footprint
        case "revision": .volatile("every write makes a new one")
        case "dbSize", "dbInUse", "largestOther": .volatile("it grows with what is written")
        case "room", "folderRoom": .volatile("others write to the disk too")
        case "leader": .volatile("the members elect another one when they have to")
        default: nil
        }
    }

    static func unreadable(_ what: String) -> ObservationError {
        ObservationError(
            "what etcd says of its \(what) cannot be read",
            remedy: "Ask it with 'etcdctl endpoint status -w json' and 'etcdctl member list -w json' on the node")
    }
}

/// One entry of `etcdctl endpoint status -w json`; what is zero is left out there.
struct EtcdStatus: Decodable, Sendable {
    private var status: Status

    private enum CodingKeys: String, CodingKey { case status = "Status" }

    private struct Status: Decodable, Sendable {
        var header: Header
        var version: String
        var dbSize: Int
        var dbSizeInUse: Int
        var dbSizeQuota: Int?
        var leader: UInt64?
    }

    private struct Header: Decodable, Sendable {
        var cluster: UInt64
        var member: UInt64
        var revision: Int?

        private enum CodingKeys: String, CodingKey {
            case cluster = "cluster_id"
            case member = "member_id"
            case revision
        }
    }

    var cluster: UInt64 { status.header.cluster }
    var member: UInt64 { status.header.member }
    var revision: Int { status.header.revision ?? 0 }
    var version: String { status.version }
    var size: Int { status.dbSize }
    var inUse: Int { status.dbSizeInUse }
    /// Said by etcd 3.6 and later.
    var quota: Int? { status.dbSizeQuota }
    var leader: UInt64? { status.leader == 0 ? nil : status.leader }
}
