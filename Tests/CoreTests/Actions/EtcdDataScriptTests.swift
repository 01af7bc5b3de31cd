import Core
import Foundation
import Testing

/// The script on this machine: a folder stands for `/etc/kubernetes` and one for `/proc`; a loop stands in for the kubelet, which starts
/// and ends processes that are named like the components, and a script for etcdctl, which copies where that restores.
@Suite(
    "the script of etcd.restore and etcd.move",
    .enabled(
        if: RealSystem.isCI || RealSystem.isRoot && RealSystem.has("flock", "bash", "busybox"),
        "LEFT OUT: needs root, whose the files must be; on CI never left out"), .timeLimit(.minutes(10)))
struct EtcdDataScriptTests {
    static let shells = [["/bin/sh"], ["bash", "--posix"], ["busybox", "ash"]]

    @Test("the snapshot is in the place of the data, and undo brings the data back, twice", arguments: shells)
    func restore(shell: [String]) async throws {
        try await EtcdStage.with(shell) { stage in
            let action = try stage.restore()
            let before = try await stage.observe(action)
            let prediction = try action.predict(before)
            try await stage.write(action.apply(before))
            let after = try await stage.observe(action)
            #expect(after.lines("data.kept") == prediction.after.lines("data.kept"))
            #expect(after.text("etcd.running") == "yes" && after.lines("aside") == [])
            #expect(try await stage.database() == "good ran")
            for _ in 1...2 {
                try await stage.write(action.undo(before))
                #expect(try await stage.observe(action).compared(with: before, by: action) == [])
            }
            #expect(try await stage.database() == "old ran ran")
            // What was restored is not thrown away.
            #expect(try await stage.node.shell("cat '\(stage.folder)'/data/belay-undone-*/snap/db").contains("good"))
        }
    }

    /// What a restore that was killed has left, each a shell text; `$kept` is the folder for the old data.
    static let restores = [
        "true", "mkdir -p data/belay-new/member",
        "mkdir kubernetes/belay-etcd; mv $m/kube-apiserver.yaml kubernetes/belay-etcd",
        "mkdir -p data/belay-new kubernetes/belay-etcd; mv $m/*.yaml kubernetes/belay-etcd",
        "mkdir kubernetes/belay-etcd; mv $m/*.yaml kubernetes/belay-etcd; mv data/member data/$kept",
        "mkdir kubernetes/belay-etcd; mv $m/*.yaml kubernetes/belay-etcd; mv data/member data/$kept; cp -a data/$kept data/member",
        "mkdir kubernetes/belay-etcd; mv $m/kube-apiserver.yaml kubernetes/belay-etcd; mv data/member data/$kept; cp -a data/$kept data/member",
        // Undo itself was killed.
        "mkdir kubernetes/belay-etcd; mv $m/*.yaml kubernetes/belay-etcd; cp -a data/member data/$undone; mv data/member data/$kept",
        "mkdir kubernetes/belay-etcd; mv $m/*.yaml kubernetes/belay-etcd; cp -a data/member data/$undone",
    ]

    @Test("undo of a restore works from whatever a killed attempt left", arguments: restores)
    func partly(left: String) async throws {
        try await EtcdStage.with(["/bin/sh"]) { stage in
            let action = try stage.restore()
            let before = try await stage.observe(action)
            let kept = try #require(try action.predict(before).after.lines("data.kept")?.first)
            try await stage.leave(left, kept: kept)
            try await stage.write(action.undo(before))
            #expect(try await stage.observe(action).compared(with: before, by: action) == [])
            #expect(try await stage.database().hasPrefix("old ran"))
        }
    }

    @Test("a rollback that was half done, or whole, is taken back to what was restored", arguments: [true, false])
    func forward(whole: Bool) async throws {
        try await EtcdStage.with(["/bin/sh"]) { stage in
            let action = try stage.restore()
            let before = try await stage.observe(action)
            try await stage.write(action.apply(before))
            let restored = try await stage.observe(action)
            let kept = try #require(restored.lines("data.kept")?.first)
            if whole {
                try await stage.write(action.undo(before))
            } else {
                try await stage.leave(
                    "mkdir kubernetes/belay-etcd; mv $m/*.yaml kubernetes/belay-etcd; mv data/member data/$undone",
                    kept: kept)
            }
            try await stage.write(action.undo(restored))
            #expect(try await stage.observe(action).compared(with: restored, by: action) == [])
            #expect(try await stage.database().hasPrefix("good ran"))
        }
    }

    @Test(
        "a snapshot that is another one by then, or cannot be restored, changes nothing",
        arguments: ["changed", "broken"])
    func refused(fault: String) async throws {
        try await EtcdStage.with(["/bin/sh"]) { stage in
            let action = try stage.restore()
            let before = try await stage.observe(action)
            try await stage.node.shell(
                fault == "changed"
                    ? "echo more >>'\(stage.folder)/good.db'"
                    : "sed -i '/^mkdir/iexit 1' '\(stage.folder)/bin/etcdctl'")
            await #expect(throws: WriteFailure.self) { try await stage.write(action.apply(before)) }
            #expect(try await stage.database() == "old ran")
            #expect(try await stage.observe(action).lines("data.kept") == [])
        }
    }

    @Test("the data is in the new folder, and undo takes along what was written there", arguments: shells)
    func move(shell: [String]) async throws {
        try await EtcdStage.with(shell) { stage in
            let action = try stage.move()
            let before = try await stage.observe(action)
            let prediction = try action.predict(before)
            try await stage.write(action.apply(before))
            let after = try await stage.observe(action)
            for field in ["content", "mode", "owner", "data", "to", "data.kept"] {
                #expect(after[field] == prediction.after[field], "\(field)")
            }
            #expect(try await stage.database("to") == "old ran ran")
            #expect(try await stage.database() == "old ran")
            try await stage.node.shell("echo since >>'\(stage.folder)/to/member/snap/db'")
            for _ in 1...2 {
                try await stage.write(action.undo(before))
                #expect(try await stage.observe(action).compared(with: before, by: action) == [])
            }
            #expect(try await stage.database() == "old ran ran since ran")
            #expect(
                try await stage.node.shell("ls -A '\(stage.folder)/to' '\(stage.folder)/kubernetes'") == stage.empty)
        }
    }

    /// What a move that was killed has left; `new.yaml` is the new manifest.
    static let moves = [
        "true", "mkdir kubernetes/belay-etcd; cp new.yaml kubernetes/belay-etcd/new",
        "mkdir kubernetes/belay-etcd; mv $m/kube-apiserver.yaml kubernetes/belay-etcd",
        "mkdir kubernetes/belay-etcd; mv $m/*.yaml kubernetes/belay-etcd; cp -a data/member to/belay-new",
        "mkdir kubernetes/belay-etcd; mv $m/*.yaml kubernetes/belay-etcd; cp -a data/member to/member",
        "mkdir kubernetes/belay-etcd; mv $m/*.yaml kubernetes/belay-etcd; cp -a data/member to/member; cp new.yaml $m/etcd.yaml",
        "mkdir kubernetes/belay-etcd; mv $m/kube-apiserver.yaml kubernetes/belay-etcd; cp -a data/member to/member; cp new.yaml $m/etcd.yaml",
        // Undo itself was killed.
        "mkdir kubernetes/belay-etcd; mv $m/kube-apiserver.yaml kubernetes/belay-etcd; cp new.yaml kubernetes/belay-etcd/etcd.yaml; "
            + "rm $m/etcd.yaml; cp -a data/member to/member; touch to/belay-serves; cp -a to/member data/belay-back; "
            + "mv data/member data/belay-undone",
    ]

    @Test("undo of a move works from whatever a killed attempt left", arguments: moves, [true, false])
    func partly(left: String, alone: Bool) async throws {
        try await EtcdStage.with(["/bin/sh"]) { stage in
            let action = try stage.move()
            var before = try await stage.observe(action)
            // Nobody is there to be asked, here; undo asks only what was known.
            if alone { before["members"] = .lines(["cp1 (1)"]) }
            let new = try #require(try action.predict(before).after.content("content")?.text)
            try await stage.node.shell("cat >'\(stage.folder)/new.yaml'", input: new)
            try await stage.leave(left, kept: "")
            try await stage.write(action.undo(before))
            before["members"] = .absent
            #expect(try await stage.observe(action).compared(with: before, by: action) == [])
            #expect(try await stage.database().hasPrefix("old ran"))
        }
    }

    @Test("a copy that is not as what was copied is thrown away, and everything runs as it did")
    func wrongCopy() async throws {
        try await EtcdStage.with(["/bin/sh"]) { stage in
            let action = try stage.move()
            let before = try await stage.observe(action)
            // A program that copies wrongly, first in the way.
            try await stage.node.shell(
                "printf '#!/bin/sh\\n/bin/cp \"$@\"; for last; do :; done; [ ! -e \"$last/snap/db\" ] || echo x >>\"$last/snap/db\"\\n' >'\(stage.folder)/bin/cp'; "
                    + "chmod 755 '\(stage.folder)/bin/cp'")
            await #expect(throws: WriteFailure.self) { try await stage.write(action.apply(before)) }
            try await stage.node.shell("rm '\(stage.folder)/bin/cp'")
            try await stage.write(action.undo(before))
            #expect(try await stage.observe(action).compared(with: before, by: action) == [])
        }
    }
}

/// A control plane of stand-ins in a folder.
private struct EtcdStage {
    let folder: String
    let node: LocalNode
    let shell: [String]

    static func with(_ shell: [String], _ body: (EtcdStage) async throws -> Void) async throws {
        // A disk, since data is not moved into memory.
        let folder = "/var/tmp/belay-etcd-data-\(UUID().uuidString)"
        var node = LocalNode()
        node.environment["PATH"] = "\(folder)/bin:" + (node.environment["PATH"] ?? "")
        try await node.shell(making, input: folder + "\n")
        let stage = EtcdStage(folder: folder, node: node, shell: shell)
        let result: Result<Void, any Error>
        do { result = .success(try await body(stage)) } catch { result = .failure(error) }
        // The loop ends with its folder.
        try await node.shell("cd '\(folder)' && kill -9 $(cat pid-* loop) 2>/dev/null; rm -rf '\(folder)'; true")
        try result.get()
    }

    func restore() throws -> EtcdRestore {
        let arguments: [String: ArgumentValue] = [
            "snapshot": .text("\(folder)/good.db"), "alone": .flag(true), "limit": .text("30"),
        ]
        return try EtcdRestore(arguments: Arguments(arguments))
    }

    func move() throws -> EtcdMove {
        try EtcdMove(arguments: Arguments(["to": .text("\(folder)/to"), "limit": .text("30")]))
    }

    /// As `ls -A` prints what is in the folders when nothing is left over.
    var empty: String { "\(folder)/kubernetes:\nmanifests\n\n\(folder)/to:\n" }

    func database(_ name: String = "data") async throws -> String {
        try await node.shell("tr '\\n' ' ' <'\(folder)/\(name)/member/snap/db' | sed 's/ *$//'")
    }

    /// Leaves what an attempt left, once both run, and lets the loop see it.
    func leave(_ text: String, kept: String) async throws {
        let undone = kept.replacing("belay-old-", with: "belay-undone-")
        try await node.shell(
            "cd '\(folder)'; m=kubernetes/manifests kept=\(kept) undone=\(undone)\n\(text)\nsleep 1")
    }

    private func staged(_ command: Command) -> Command {
        var command = command
        if command.argv.first == "/bin/sh" { command.argv = shell + command.argv.dropFirst() }
        command.argv = command.argv.map { word in
            // The loop looks ten times a second, and not every twenty seconds as the kubelet may.
            word.replacing("/proc/", with: "\(folder)/proc/").replacing("quiet=25", with: "quiet=2")
                .replacing("/etc/kubernetes", with: "\(folder)/kubernetes")
        }
        return command
    }

    func observe(_ action: any Action) async throws -> Observation {
        var outputs: [CommandOutput] = []
        for command in action.observe() { outputs.append(try await node.run(staged(command))) }
        return try action.parse(outputs)
    }

    func write(_ commands: [Command]) async throws { try await node.write(commands.map(staged)) }

    private static let making = #"""
        read -r folder
        mkdir -p "$folder/proc" "$folder/bin" "$folder/kubernetes/manifests" "$folder/data/member/snap" "$folder/to"
        cd "$folder" || exit
        chmod 700 data data/member to
        ln -s /proc/uptime proc/uptime
        echo old >data/member/snap/db
        echo good >good.db && chmod 600 good.db
        printf '#!/bin/sh\necho ActiveState=active\n' >bin/systemctl
        printf '#!/bin/sh\nprintf 200\n' >bin/curl
        cat >bin/etcdctl <<'EOF'
        #!/bin/sh
        case "$*" in *--help) echo '  --data-dir=""'; exit ;; esac
        for word; do case $word in --data-dir=*) folder=${word#*=} ;; esac; done
        mkdir -p "$folder/member/snap" && cp "$3" "$folder/member/snap/db"
        EOF
        cat >loop.sh <<'EOF'
        echo $$ >loop
        while sleep 0.1; do
            for name in etcd kube-apiserver; do
                file=kubernetes/manifests/$name.yaml
                now=$(sha256sum <"$file") was=$(cat "was-$name")
                [ "$now" != "$was" ] || continue
                if [ -e "pid-$name" ]; then
                    old=$(cat "pid-$name")
                    kill -9 "$old"; rm -rf "proc/$old" "pid-$name"
                fi
                if [ -n "$now" ]; then
                    bash -c "exec -a $name sleep 300" &
                    until grep -q "^$name" "/proc/$!/cmdline"; do sleep 0.05; done
                    mkdir "new.$!"
                    echo 0::/kubepods/burstable/pod0123456789abcdef0123456789abcdef/0a >"new.$!/cgroup"
                    for link in cmdline stat exe root; do ln -s "/proc/$!/$link" "new.$!/$link"; done
                    # It writes as it starts.
                    [ "$name" != etcd ] || echo ran >>"$(sed -n 's/^ *path: //p' "$file")/member/snap/db"
                    mv "new.$!" "proc/$!"
                    echo $! >"pid-$name"
                fi
                echo "$now" >"was-$name"
            done
        done
        EOF
        chmod 755 bin/*
        cat >kubernetes/manifests/etcd.yaml <<EOF
        apiVersion: v1
        kind: Pod
        metadata: {name: etcd, namespace: kube-system}
        spec:
          containers:
          - command:
            - etcd
            - --data-dir=/var/lib/etcd
            - --initial-advertise-peer-urls=http://127.0.0.1:2380
            - --name=cp1
            volumeMounts:
            - mountPath: /var/lib/etcd
              name: etcd-data
          volumes:
          - hostPath:
              path: $folder/data
              type: DirectoryOrCreate
            name: etcd-data
        EOF
        chmod 640 kubernetes/manifests/etcd.yaml
        echo api >kubernetes/manifests/kube-apiserver.yaml
        bash loop.sh >/dev/null 2>&1 </dev/null &
        for i in $(seq 100); do
            if [ -e pid-etcd ] && [ -e pid-kube-apiserver ]; then exit; fi
            sleep 0.1
        done
        exit 1
        """#
}
