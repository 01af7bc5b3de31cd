import Foundation
import Testing

@testable import Core

/// The script on this machine: a process that is called etcd, with an `etcdctl` beside it that says what files tell it to.
/// In a PID namespace of its own, since it looks for the only etcd there is.
@Suite(
    "etcd's script",
    .enabled(
        if: RealSystem.isCI || RealSystem.isRoot && RealSystem.has("unshare", "openssl", "dash"),
        "LEFT OUT: needs root, for a PID namespace; on CI never left out"))
struct EtcdScriptTests {
    /// A folder with the two programs, and the way into it.
    struct Member {
        let folder: URL
        var shell = ["/bin/sh"]
        /// What etcd is started with.
        var flags = [
            "--listen-client-urls=http://10.0.0.1:2379,http://127.0.0.1:2379", "--quota-backend-bytes", "1000000",
        ]
        var starts = "1"

        init() throws {
            folder = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: "belay-etcd-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try StandInProgram.copy("/bin/dash", to: path("etcd"))
            try program("etcdctl", EtcdScriptTests.etcdctl)
            try program("enter", EtcdScriptTests.enter)
            for (name, text) in EtcdScriptTests.answers { try write(name, text) }
        }

        func path(_ name: String) -> String { folder.path() + "/" + name }
        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
        func remove() { try? FileManager.default.removeItem(at: folder) }

        private func program(_ name: String, _ text: String) throws {
            try StandInProgram.install(text, at: path(name))
        }

        /// Runs a command of an action in a namespace where this etcd is the only one.
        func run(_ command: Command) async throws -> CommandOutput {
            let namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
            let node = LocalNode(
                prefix: namespace + [path("enter"), folder.path(), starts, flags.joined(separator: "\n")])
            var command = command
            if command.argv.first == "/bin/sh" { command.argv = shell + command.argv.dropFirst() }
            // Belay's own folder is this machine's.
            command.argv = command.argv.map { $0.replacing("/var/lib/belay", with: folder.path()) }
            return try await node.run(command)
        }
    }

    static let enter = #"""
        #!/bin/sh
        # enter FOLDER HOW-MANY FLAGS COMMAND…: the flags are a line each.
        folder=$1 starts=$2 flags=$3
        shift 3
        i=0
        while [ "$i" -lt "$starts" ]; do
            (
                cd / || exit
                set -f
                IFS='
        '
                apart=
                if [ -e "$folder/apart" ]; then apart='unshare
        --mount'; fi
                exec $apart "$folder/etcd" -c 'sleep 60 & wait' etcd $flags
            ) >/dev/null 2>&1 &
            i=$((i + 1))
        done
        for i in $(seq 200); do
            [ "$(cat /proc/[0-9]*/comm 2>/dev/null | grep -cx etcd)" -lt "$starts" ] || exec "$@"
            sleep 0.05
        done
        echo "the stand-in for etcd did not start" >&2
        exit 97
        """#

    static let etcdctl = #"""
        #!/bin/sh
        here=${0%/*}
        if [ "$1" = version ]; then exit; fi
        while case $1 in --*) true ;; *) false ;; esac; do printf '%s\n' "$1" >>"$here/flags"; shift; done
        case "$1 $2" in
            'endpoint health') cat "$here/health"; exec grep -q '"health":true' "$here/health" ;;
            'endpoint status') cat "$here/status" ;;
            'member list') cat "$here/members" ;;
            'alarm list') cat "$here/alarms" ;;
            'alarm disarm') : >"$here/disarmed" ;;
            'snapshot save')
                head -c 8192 /dev/zero >"$3.part"
                if [ -e "$here/damaged" ]; then echo other; else cat "$3.part"; fi |
                    openssl dgst -sha256 -binary >"$3.digest"
                cat "$3.digest" >>"$3.part"
                if [ -e "$here/cut" ]; then head -c 4096 "$3.part" >"$3"; else mv "$3.part" "$3"; fi ;;
            'snapshot status') echo '{"hash":1,"revision":7,"totalKey":3,"totalSize":8192}' ;;
            'compact --physical') echo "$3" >"$here/compacted" ;;
            'defrag '*) : >"$here/defragmented" ;;
            *) exit 9 ;;
        esac
        """#

    static let answers = [
        "status": EtcdTests.Cluster().status(8192),
        "health": #"[{"endpoint":"https://10.88.0.11:2379","health":true}]"#,
        "members":
            #"{"members":[{"ID":17039377769585566550,"name":"cp1","clientURLs":["https://10.88.0.11:2379"]}]}"#,
        "alarms": "{}",
    ]

    static let shells = [["/bin/sh"], ["bash", "--posix"], ["busybox", "ash"]]

    @Test("the member is found by its process, and asked on the loopback", arguments: shells)
    func look(shell: [String]) async throws {
        var member = try Member()
        defer { member.remove() }
        member.shell = shell
        let action = try EtcdDefrag(arguments: Arguments())
        let output = try await member.run(action.observe()[0])
        let seen = try action.parse([output])
        #expect(seen.text("quota") == "1000000" && seen.lines("unhealthy") == [])
        #expect(seen.text("data") == "/default.etcd")
        #expect(
            try String(contentsOfFile: member.path("flags"), encoding: .utf8).contains(
                "--endpoints=http://127.0.0.1:2379\n"))
    }

    @Test("a member with an alarm, which etcd 3.5 calls unhealthy and so fails, is asked for the rest all the same")
    func alarmed() async throws {
        let member = try Member()
        defer { member.remove() }
        try member.write(
            "health", #"[{"endpoint":"https://10.88.0.11:2379","health":false,"error":"Active Alarm(s): NOSPACE "}]"#)
        try member.write("alarms", EtcdTests.noSpace)
        let action = try EtcdAlarmDisarm(arguments: Arguments())
        let seen = try action.parse([try await member.run(action.observe()[0])])
        #expect(seen.text("largestOther") == "0" && seen.lines("unhealthy") == [])
        #expect(try action.predict(seen).after.lines("alarms") == [])
    }

    @Test("with TLS the certificates are those of the member, by the way of its root")
    func certificates() async throws {
        var member = try Member()
        defer { member.remove() }
        let pki = member.path("pki")
        member.flags = [
            "--listen-client-urls=https://[::1]:2379", "--cert-file=\(pki)/server.crt", "--key-file=\(pki)/server.key",
            "--trusted-ca-file=\(pki)/ca.crt", "--data-dir=/var/lib/etcd",
        ]
        _ = try await member.run(EtcdCluster.command)
        var flags = try String(contentsOfFile: member.path("flags"), encoding: .utf8)
        #expect(flags.contains("/root\(pki)/server.key\n") && flags.contains("/root\(pki)/ca.crt\n"))
        #expect(flags.contains("--endpoints=https://[::1]:2379\n"))
        // kubeadm's own for such questions is preferred.
        try FileManager.default.createDirectory(atPath: pki, withIntermediateDirectories: true)
        try member.write("pki/healthcheck-client.key", "")
        _ = try await member.run(EtcdCluster.command)
        flags = try String(contentsOfFile: member.path("flags"), encoding: .utf8)
        #expect(flags.contains("/root\(pki)/healthcheck-client.crt\n"))
    }

    @Test("none, several, and one with a configuration file are refused", arguments: ["0", "2", "file"])
    func refused(case: String) async throws {
        var member = try Member()
        defer { member.remove() }
        if `case` == "file" { member.flags = ["--config-file=/etc/etcd.yaml"] } else { member.starts = `case` }
        let output = try await member.run(EtcdCluster.command)
        #expect(output.status == 1)
        #expect(throws: ObservationError.self) { try EtcdDefrag(arguments: Arguments()).parse([output]) }
    }

    @Test("an etcd that some container brings along is not the node's, and nothing that lies beside it is run")
    func apart() async throws {
        let member = try Member()
        defer { member.remove() }
        try member.write("apart", "")
        let output = try await member.run(EtcdCluster.command)
        #expect(output.status == 1 && output.errorTail.text?.contains("no etcd runs on this node") == true)
        #expect(!member.exists("flags"))
    }

    @Test("a snapshot is compared, noted and observed, and undo removes it, twice", arguments: shells)
    func snapshot(shell: [String]) async throws {
        var member = try Member()
        defer { member.remove() }
        member.shell = shell
        let action = try EtcdSnapshot(arguments: Arguments(["name": .text("a")]))
        let before = try action.parse([try await member.run(action.observe()[0])])
        let taken = try await member.run(action.apply(before)[0])
        try #require(taken.status == 0, "\(taken.errorTail.text ?? "")")
        let after = try action.parse([try await member.run(action.observe()[0])])
        #expect(after.text("snapshot") == "mode 600, owner 0:0" && after.text("snapshot.revision") == "7")
        let bytes = try Data(contentsOf: member.folder.appending(path: "snapshots/a.db"))
        #expect(after.text("snapshot.sha256") == Digest.sha256(bytes))
        // Never written over, whoever asks.
        #expect(try await member.run(action.apply(before)[0]).status == 1)
        for _ in 1...2 {
            #expect(try await member.run(action.undo(before)[0]).status == 0)
            #expect(
                try action.parse([try await member.run(action.observe()[0])]).compared(with: before, by: action) == [])
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: member.path("snapshots")).isEmpty)
    }

    @Test("a snapshot that is damaged, or was cut short, is none", arguments: ["damaged", "cut"])
    func damaged(fault: String) async throws {
        let member = try Member()
        defer { member.remove() }
        try member.write(fault, "")
        let action = try EtcdSnapshot(arguments: Arguments(["name": .text("a")]))
        let before = try action.parse([try await member.run(action.observe()[0])])
        #expect(try await member.run(action.apply(before)[0]).status == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: member.path("snapshots")).isEmpty)
    }

    @Test("it is compacted to the newest revision, then defragmented", arguments: [true, false])
    func defrag(compact: Bool) async throws {
        let member = try Member()
        defer { member.remove() }
        try member.write("status", EtcdTests.Cluster(inUse: 1000).status(8192))
        let action = try EtcdDefrag(arguments: Arguments(["compact": .flag(compact)]))
        let before = try action.parse([try await member.run(action.observe()[0])])
        #expect(try await member.run(action.apply(before)[0]).status == 0)
        #expect(member.exists("defragmented") && member.exists("compacted") == compact)
        if compact { #expect(try String(contentsOfFile: member.path("compacted"), encoding: .utf8) == "317\n") }
        #expect(try await member.run(action.undo(before)[0]).status == 0)
    }

    @Test(
        "an alarm is disarmed when every database is small enough by then, and never with another one",
        arguments: [("NOSPACE", 899_999, true), ("NOSPACE", 900_000, false), ("CORRUPT", 1, false)])
    func disarm(alarm: String, size: Int, disarms: Bool) async throws {
        let member = try Member()
        defer { member.remove() }
        let before = try EtcdTests.seen(EtcdTests.Cluster(size: 1, quota: 1_000_000, alarms: EtcdTests.noSpace))
        try member.write("alarms", "memberID:7 alarm:\(alarm) \n")
        try member.write("status", EtcdTests.Cluster().status(size))
        let action = try EtcdAlarmDisarm(arguments: Arguments())
        #expect((try await member.run(action.apply(before)[0]).status == 0) == disarms)
        #expect(member.exists("disarmed") == disarms)
    }
}
