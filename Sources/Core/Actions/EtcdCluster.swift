/// All members as the one on a node sees them: who they are, who answers, which alarms there are.
struct EtcdCluster: Sendable {
    /// What the action reads of the node's own member.
    let look: EtcdLook
    private let list: MemberList
    private let health: [Health]
    private let alarms: AlarmList

    /// The one command, which every action on the cluster shares.
    static let command = EtcdScript.command("look")

    /// Reads its answer.
    init(_ output: CommandOutput) throws(ObservationError) {
        look = try EtcdLook(output)
        list = try EtcdLook.decode("members", of: look.said)
        health = try EtcdLook.decode("health", of: look.said)
        alarms = try EtcdLook.decode("alarms", of: look.said)
        guard list.members.contains(where: { $0.ID == look.own.member }) else { throw EtcdLook.unreadable("members") }
    }

    /// Fields: what every action on etcd shows, and `members`, `unhealthy`, `quota`, `alarms`, `leader`, `largestOther`.
    func observation() throws(ObservationError) -> Observation {
        var seen = try look.observation()
        seen["members"] = .lines(list.members.map(\.display).sorted())
        seen["unhealthy"] = .lines(list.members.filter { !answers($0) }.map(\.display).sorted())
        seen["alarms"] = .lines((alarms.alarms ?? []).map(display).sorted())
        seen["quota"] = .text("\(try look.quota())")
        seen["leader"] = look.own.leader.map { .text(String($0, radix: 16)) } ?? .absent
        seen["largestOther"] = try largestOther().map { .text("\($0)") } ?? .absent
        return seen
    }

    /// The largest database of all members but the node's own; nil when one of them did not answer.
    private func largestOther() throws(ObservationError) -> Int? {
        guard let text = look.said["all"], !text.isEmpty else { return nil }
        let all: [EtcdStatus] = try EtcdLook.decode("all", of: look.said)
        let asked = Set(all.map(\.member))
        guard list.members.allSatisfy({ asked.contains($0.ID) }) else { return nil }
        return all.filter { $0.member != look.own.member }.map(\.size).max() ?? 0
    }

    private func answers(_ member: Member) -> Bool {
        health.contains { entry in (member.clientURLs ?? []).contains(entry.endpoint) && entry.isWell }
    }

    private func display(_ alarm: Alarm) -> String {
        let kind =
            switch alarm.alarm {
            case 1: Self.noSpace
            case 2: "CORRUPT"
            default: "unknown alarm \(alarm.alarm ?? 0)"
            }
        let id = alarm.memberID ?? 0
        return "\(kind) \(list.members.first { $0.ID == id }?.display ?? String(id, radix: 16))"
    }

    /// How an alarm for want of room begins among the lines of `alarms`.
    static let noSpace = "NOSPACE"

    private struct MemberList: Decodable { var members: [Member] }

    private struct Member: Decodable {
        var ID: UInt64
        var name: String?
        var clientURLs: [String]?

        var display: String { "\(Printable.escape(name ?? "", limit: 100)) (\(String(ID, radix: 16)))" }
    }

    private struct Health: Decodable {
        var endpoint: String
        var health: Bool
        var error: String?

        /// One with an alarm answers all the same; etcd 3.5 counts it as unhealthy.
        var isWell: Bool {
            let mark = "Active Alarm(s): "
            guard !health, let error, error.hasPrefix(mark) else { return health }
            return error.dropFirst(mark.count).split(whereSeparator: { " ;,".contains($0) })
                .allSatisfy { $0 == EtcdCluster.noSpace }
        }
    }

    private struct AlarmList: Decodable { var alarms: [Alarm]? }

    private struct Alarm: Decodable {
        var memberID: UInt64?
        var alarm: Int?
    }
}
