import Testing

@testable import Core

/// What etcd says is as recorded on a real cluster (etcd 3.5.16), with other numbers.
@Suite("etcd.snapshot, etcd.defrag and etcd.alarm.disarm")
struct EtcdTests {
    struct Cluster {
        var size = 491_520, inUse = 487_424, quota = 0, room = 1 << 30
        /// The database of another member.
        var other: Int?
        var health = #"[{"endpoint":"https://10.88.0.11:2379","health":true,"took":"21.343323ms"}]"#
        var alarms = #"{"header":{"cluster_id":1}}"#
        var more = ""

        func status(_ size: Int) -> String {
            """
            [{"Endpoint":"https://127.0.0.1:2379","Status":{"header":{"cluster_id":2637371641948146374,\
            "member_id":17039377769585566550,"revision":317,"raft_term":2},"version":"3.5.16","dbSize":\(size),\
            "leader":17039377769585566550,"raftIndex":339,"raftTerm":2,"raftAppliedIndex":339,"dbSizeInUse":\(inUse)}}]
            """
        }

        private var all: String {
            guard let other else { return status(size) }
            let second = status(other).replacing("17039377769585566550", with: "7")
            return status(size).dropLast() + "," + second.dropFirst()
        }

        var said: String {
            """
            data=/var/lib/etcd
            endpoint=https://127.0.0.1:2379
            quota=\(quota)
            room=\(room)
            status=\(status(size))
            members={"header":{"cluster_id":2637371641948146374,"member_id":17039377769585566550,"raft_term":2},\
            "members":[{"ID":17039377769585566550,"name":"cp1","peerURLs":["https://10.88.0.11:2380"],\
            "clientURLs":["https://10.88.0.11:2379"]}\(more)]}
            health=\(health)
            all=\(all)
            alarms=\(alarms)
            """
        }
    }

    static let noSpace = #"{"alarms":[{"memberID":17039377769585566550,"alarm":1}]}"#
    static let other = #",{"ID":7,"name":"cp2","clientURLs":["https://10.88.0.12:2379"]}"#

    static func seen(_ cluster: Cluster) throws -> Observation {
        try EtcdDefrag(arguments: Arguments()).parse([Fixture.output(cluster.said)])
    }

    static func words(_ commands: [Command]) -> [[String]] { commands.map { Array($0.argv.dropFirst(4)) } }

    @Test("a cluster is read as recorded")
    func reads() throws {
        let seen = try Self.seen(Cluster())
        #expect(seen.lines("members") == ["cp1 (ec7807cd8dd5e356)"] && seen.text("cluster") == "2499d388f3020ac6")
        #expect(seen.lines("unhealthy") == [] && seen.lines("alarms") == [])
        #expect(seen.text("quota") == "2147483648" && seen.text("dbSize") == "491520")
        #expect(seen["leader"] == seen["member"])
    }

    @Test("a database with little free inside is left alone, one with much is defragmented")
    func worth() throws {
        let action = try EtcdDefrag(arguments: Arguments())
        let full = try Self.seen(Cluster())
        #expect(action.apply(full).isEmpty && action.undo(full).isEmpty)
        #expect(try action.predict(full).after == full)
        let loose = try Self.seen(Cluster(inUse: 100_000))
        #expect(Self.words(action.apply(loose)) == [["defrag", "keep"]])
        #expect(Self.words(action.undo(loose)) == [["await"]])
        let prediction = try action.predict(loose)
        #expect(prediction.after.text("dbSize") == "100000" && prediction.after.text("largestOther") == "0")
        #expect(prediction.quality(of: "dbSize") != .exact)
        #expect(prediction.notes.contains { $0.contains("the only member") })
    }

    @Test("with compaction even a full database is taken, and what is left is not foreseen")
    func compacts() throws {
        let action = try EtcdDefrag(arguments: Arguments(["compact": .flag(true)]))
        let full = try Self.seen(Cluster(alarms: Self.noSpace))
        #expect(Self.words(action.apply(full)) == [["defrag", "compact"]])
        let after = try action.predict(full).after
        #expect(after.text("dbSize") == EtcdLook.afterCompaction)
        // A disarming behind it is planned from that, and asks again when its turn comes.
        let disarm = try EtcdAlarmDisarm(arguments: Arguments())
        #expect(try disarm.predict(after).after.lines("alarms") == [])
        #expect(disarm.subject == action.subject)
    }

    @Test(
        "no member is taken while another is not healthy, does not answer, or was never started",
        arguments: [
            #"[{"endpoint":"https://10.88.0.11:2379","health":true},{"endpoint":"https://10.88.0.12:2379","health":false,"error":"context deadline exceeded"}]"#,
            #"[{"endpoint":"https://10.88.0.11:2379","health":true}]"#,
            #"[{"endpoint":"https://10.88.0.11:2379","health":true},{"endpoint":"https://10.88.0.12:2379","health":false,"error":"Active Alarm(s): CORRUPT "}]"#,
        ])
    func unhealthy(health: String) throws {
        let seen = try Self.seen(Cluster(inUse: 1, health: health, alarms: Self.noSpace, more: Self.other))
        #expect(seen.lines("unhealthy") == ["cp2 (7)"])
        for action in [
            try EtcdDefrag(arguments: Arguments()) as any Action, try EtcdAlarmDisarm(arguments: Arguments()),
        ] {
            let error = #expect(throws: ObservationError.self) { try action.predict(seen) }
            #expect(error?.message.contains("cp2 (7)") == true)
        }
    }

    @Test("etcd 3.5 calls a member with an alarm for want of room unhealthy; it answers all the same")
    func alarmedAnswers() throws {
        let health = #"[{"endpoint":"https://10.88.0.11:2379","health":false,"error":"Active Alarm(s): NOSPACE "}]"#
        let seen = try Self.seen(Cluster(inUse: 1, health: health, alarms: Self.noSpace))
        #expect(seen.lines("unhealthy") == [])
        #expect(try EtcdDefrag(arguments: Arguments()).predict(seen).after != seen)
    }

    @Test("without room for the new file it is refused")
    func noRoom() throws {
        let seen = try Self.seen(Cluster(size: 9_000_000, inUse: 1_000_000, room: EtcdScript.margin + 999_999))
        #expect(throws: ObservationError.self) { try EtcdDefrag(arguments: Arguments()).predict(seen) }
    }

    @Test("an alarm is disarmed below nine tenths of the quota, and no nearer")
    func disarms() throws {
        let action = try EtcdAlarmDisarm(arguments: Arguments())
        let near = try Self.seen(Cluster(size: 900_000, quota: 1_000_000, alarms: Self.noSpace))
        #expect(throws: ObservationError.self) { try action.predict(near) }
        let health =
            #"[{"endpoint":"https://10.88.0.11:2379","health":true},{"endpoint":"https://10.88.0.12:2379","health":true}]"#
        let elsewhere = try Self.seen(
            Cluster(size: 1, quota: 1_000_000, other: 950_000, health: health, alarms: Self.noSpace, more: Self.other))
        #expect(elsewhere.text("largestOther") == "950000" && elsewhere.lines("unhealthy") == [])
        #expect(throws: ObservationError.self) { try action.predict(elsewhere) }
        let before = try Self.seen(Cluster(size: 899_999, quota: 1_000_000, alarms: Self.noSpace))
        #expect(Self.words(action.apply(before)) == [["disarm", "900000"]])
        #expect(Self.words(action.undo(before)) == [["await"]])
        let after = try action.predict(before).after
        #expect(after.lines("alarms") == [] && action.apply(after).isEmpty && action.undo(after).isEmpty)
        // etcd raises it by itself: one that is gone is as good, one that came is not.
        #expect(action.isEquivalent("alarms", before: before["alarms"], now: after["alarms"]))
        #expect(!action.isEquivalent("alarms", before: after["alarms"], now: before["alarms"]))
    }

    @Test("an alarm that is not about room is never disarmed", arguments: [2, 3])
    func corrupt(alarm: Int) throws {
        let alarms = #"{"alarms":[{"memberID":17039377769585566550,"alarm":1},{"memberID":7,"alarm":\#(alarm)}]}"#
        let seen = try Self.seen(Cluster(inUse: 1, alarms: alarms))
        #expect(throws: ObservationError.self) { try EtcdAlarmDisarm(arguments: Arguments()).predict(seen) }
        #expect(throws: ObservationError.self) { try EtcdDefrag(arguments: Arguments()).predict(seen) }
    }

    @Test("a member that dies, or another size, between plan and run is no matter; another member makes the plan stale")
    func roles() throws {
        for action in [
            try EtcdDefrag(arguments: Arguments()) as any Action, try EtcdAlarmDisarm(arguments: Arguments()),
        ] {
            for field in ["members", "unhealthy", "quota", "cluster", "member", "data"] {
                #expect(action.role(of: field) == .footprint)
            }
            for field in ["dbSize", "dbInUse", "revision", "leader", "room"] {
                #expect(action.role(of: field).isVolatile)
            }
        }
    }

    @Test(
        "what cannot be read is refused, never guessed",
        arguments: ["status", "members", "health", "alarms", "data", "room"])
    func hostile(key: String) throws {
        let lines = Cluster().said.split(separator: "\n")
        for value in ["", "{}", "[]", "null", "[{}]", "-1", "\u{1B}[2J", "[{\"endpoint\":7}]"]
        where !(key == "alarms" && value == "{}") {
            let said = lines.map { $0.hasPrefix("\(key)=") ? "\(key)=\(value)" : $0 }.joined(separator: "\n")
            if key == "health", value == "[]" { continue }
            #expect(throws: ObservationError.self, "\(key)=\(value)") {
                try EtcdDefrag(arguments: Arguments()).parse([Fixture.output(said)])
            }
        }
        #expect(throws: ObservationError.self) {
            try EtcdDefrag(arguments: Arguments()).parse([Fixture.output(Cluster().said, status: 1)])
        }
    }

    @Test("a member's name from a node cannot draw on the screen")
    func namesAreEscaped() throws {
        let more = #",{"ID":9,"name":"\u001b[31mx\nMEMBER","clientURLs":[]}"#
        let members = try #require(try Self.seen(Cluster(more: more)).lines("members"))
        #expect(members.allSatisfy { line in line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } })
    }

    // MARK: - Snapshot

    static func snapshot(_ name: String = "before-upgrade") throws -> EtcdSnapshot {
        try EtcdSnapshot(arguments: Arguments(["name": .text(name)]))
    }

    static func look(size: Int = 491_520, folderRoom: Int = 1 << 30, file: String = "file=absent") -> String {
        "data=/var/lib/etcd\nquota=0\nroom=5\nstatus=\(Cluster().status(size))\nfolderRoom=\(folderRoom)\n\(file)"
    }

    @Test("a snapshot is a new file that undo removes")
    func takes() throws {
        let action = try Self.snapshot()
        let before = try action.parse([Fixture.output(Self.look())])
        let file = "/var/lib/belay/snapshots/before-upgrade.db"
        #expect(Self.words(action.observe()) == [["look", file, "/var/lib/belay/snapshots"]])
        #expect(Self.words(action.apply(before)) == [["snapshot", file, "/var/lib/belay/snapshots"]])
        #expect(Self.words(action.undo(before)) == [[file, "/var/lib/belay/snapshots"]])
        let prediction = try action.predict(before)
        let digest = String(repeating: "ab", count: 32)
        let taken = try action.parse([
            Fixture.output(
                Self.look(
                    file: """
                        file=600 0:0 491552
                        sha256=\(digest)
                        holds={"hash":3291356358,"revision":318,"totalKey":3,"totalSize":491520}
                        """))
        ])
        #expect(taken.text("snapshot.sha256") == digest && taken.text("snapshot.revision") == "318")
        #expect(Set(taken.fields.keys) == Set(prediction.after.fields.keys))
        let wrong = taken.differences(from: prediction.after) {
            !action.role(of: $0).isVolatile && prediction.quality(of: $0) == .exact
        }
        #expect(wrong.isEmpty)
        // That one is never written over, and a plan that would is none.
        #expect(throws: ObservationError.self) { try action.predict(taken) }
        #expect(action.apply(taken).isEmpty && action.undo(taken) == [Command(["test", "-f", file])])
    }

    @Test("there must be room for it twice", arguments: [(1, true), (0, false), (-1, false)])
    func roomTwice(bytes: Int, fits: Bool) throws {
        let action = try Self.snapshot()
        let room = EtcdScript.margin + 2 * 491_520 - 1 + bytes
        let before = try action.parse([Fixture.output(Self.look(folderRoom: room))])
        if fits {
            _ = try action.predict(before)
        } else {
            #expect(throws: ObservationError.self) { try action.predict(before) }
        }
    }

    @Test("a name cannot lead out of the folder", arguments: hostileValues + ["../x", "a/b", ".x", "-x", "A"])
    func names(name: String) {
        #expect(throws: ArgumentError.self) { try Self.snapshot(name) }
    }

    @Test("a file that somebody else put there has no digest, and is left alone")
    func foreign() throws {
        let action = try Self.snapshot()
        let seen = try action.parse([Fixture.output(Self.look(file: "file=644 7:8 3\nsha256=x\nholds=y"))])
        #expect(seen["snapshot.sha256"] == .absent && seen["snapshot.keys"] == .absent)
        #expect(throws: ObservationError.self) { try action.parse([Fixture.output(Self.look(file: "file=644 7:8"))]) }
        #expect(throws: ObservationError.self) { try action.parse([Fixture.output(Self.look(file: ""))]) }
    }
}
