import Core
import Foundation
import Testing

struct StaticPodRestartTests {
    private func make(_ more: [String: String] = [:]) throws -> StaticPodRestart {
        let texts = ["component": "kube-scheduler"].merging(more) { $1 }
        return try StaticPodRestart(arguments: Arguments(texts.mapValues { .text($0) }))
    }

    private static let running = """
        manifest=0a
        kubelet=active
        processes=1
        process=42.1000
        health=healthy

        """

    @Test("it runs and is healthy afterwards, and undo waits for no less")
    func restart() throws {
        let action = try make(["limit": "60"])
        let before = try action.parse([Fixture.output(Self.running)])
        let prediction = try action.predict(before)
        #expect(prediction.after.text("running") == "yes" && prediction.after.text("health") == "healthy")
        #expect(prediction.quality(of: "health") == .exact)
        let manifest = "/etc/kubernetes/manifests/kube-scheduler.yaml"
        #expect(
            action.apply(before).map { Array($0.argv.dropFirst(4)) } == [
                ["restart", "kube-scheduler", manifest, "60", "10", "healthy"]
            ])
        #expect(
            action.undo(before).map { Array($0.argv.dropFirst(4)) } == [
                ["returned", "kube-scheduler", manifest, "60", "1", "healthy"]
            ])
        #expect(!action.cutsPath && !action.survivesReboot)
    }

    @Test(
        "what is ill is to be cured, and undo does not wait for that; what cannot be asked is not waited for",
        arguments: [
            ("HTTP 500", "healthy", ""), ("silent", "healthy", ""), ("unasked", "unasked", ""),
            ("answers", "answers", "answers"),
        ])
    func health(now: String, wanted: String, back: String) throws {
        let action = try make()
        let before = try action.parse([Fixture.output(Self.running.replacing("healthy", with: now))])
        #expect(try action.predict(before).after.text("health") == wanted)
        #expect(action.apply(before).first?.argv.last == wanted)
        #expect(action.undo(before).first?.argv.last == back)
        #expect(action.isEquivalent("health", before: .text(now), now: .text("healthy")))
        #expect(!action.isEquivalent("health", before: .text("healthy"), now: .text(now)))
    }

    @Test(
        "what would not come back is not ended",
        arguments: [
            running.replacing("manifest=0a", with: "manifest=absent"), running.replacing("=active", with: "=failed"),
            running.replacing("processes=1", with: "processes=0"),
            running.replacing("processes=1", with: "processes=2"),
        ])
    func refused(text: String) throws {
        let action = try make()
        let before = try action.parse([Fixture.output(text)])
        #expect(throws: ObservationError.self) { try action.predict(before) }
    }

    @Test(
        "an answer that is not whole is no answer",
        arguments: [
            "", "manifest=0a\n", running.replacing("processes=1", with: "processes=-1"),
            running.replacing("processes=1", with: "processes=x"),
            running.replacing("kubelet=active", with: "kubelet="),
            running.replacing("health=healthy\n", with: ""),
        ])
    func unread(text: String) throws {
        #expect(throws: ObservationError.self) { try make().parse([Fixture.output(text)]) }
    }

    @Test("etcd's restart disrupts etcd, the others' only pods")
    func disrupts() throws {
        #expect(try make(["component": "etcd"]).disrupts == ["pods", "etcd"])
        #expect(try make().disrupts == ["pods"])
    }

    @Test("only the four components are known", arguments: hostileValues + ["kube-proxy", "Etcd"])
    func components(name: String) {
        #expect(throws: ArgumentError.self) { try make(["component": name]) }
    }

    @Test("times that are none are refused", arguments: ["0", "9", "601", "x", "+60", "060", ""])
    func times(limit: String) {
        #expect(throws: ArgumentError.self) { try make(["limit": limit]) }
        #expect(throws: ArgumentError.self) { try make(["stable": limit == "9" ? "61" : limit]) }
    }

    @Test("the process of the static pod is ended, the next one is waited for, and another pod's is left alone")
    func script() async throws {
        try await Stage.with { stage in
            let (mine, others) = (try await stage.start(Stage.fromFile), try await stage.start(Stage.fromAPI))
            let action = try make(["stable": "1", "limit": "10"])
            let before = try await stage.observe(action)
            #expect(before.text("health") == "healthy" && before.text("running") == "yes")
            _ = try action.predict(before)
            try await stage.restartOnce(after: mine)
            try await stage.write(action.apply(before))
            let after = try await stage.observe(action)
            #expect(after.text("running") == "yes")
            #expect(after.text("process") != before.text("process"))
            #expect(try await stage.isAlive(others))
            #expect(try await !stage.isAlive(mine))
            for _ in 1...2 { try await stage.write(action.undo(before)) }
            #expect(try await stage.observe(action).compared(with: before, by: action) == [])
        }
    }

    @Test("a component that does not come back, or not well, fails the step; without a manifest nothing is ended")
    func fails() async throws {
        try await Stage.with { stage in
            let mine = try await stage.start(Stage.fromFile)
            let action = try make(["stable": "1", "limit": "10"])
            let before = try await stage.observe(action)
            try await stage.node.shell("rm '\(stage.folder)/kube-scheduler.yaml'")
            await #expect(throws: WriteFailure.self) { try await stage.write(action.apply(before)) }
            #expect(try await stage.isAlive(mine))
            try await stage.node.shell("printf 500 >'\(stage.folder)/code'")
            await #expect(throws: WriteFailure.self) { try await stage.write(action.undo(before)) }
        }
    }
}

/// This machine's processes as a node's: a folder stands for `/proc`, with some of them in control groups that they are not in.
private struct Stage {
    static let fromFile = "/kubepods/burstable/pod0123456789abcdef0123456789abcdef/0a"
    static let fromAPI = "/kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/0a"
    let folder: String
    let node: LocalNode

    static func with(_ body: (Stage) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "belay-pod-\(UUID().uuidString)"
        var node = LocalNode()
        node.environment["PATH"] = "\(folder)/bin:" + (node.environment["PATH"] ?? "")
        try await node.shell(
            """
            mkdir -p '\(folder)/proc' '\(folder)/bin' && cd '\(folder)' && ln -s /proc/uptime proc/uptime
            echo m >kube-scheduler.yaml; printf 200 >code
            printf '#!/bin/sh\\necho ActiveState=active\\n' >bin/systemctl
            printf '#!/bin/sh\\ncat "%s/code"\\n' '\(folder)' >bin/curl
            chmod 755 bin/*
            """)
        let stage = Stage(folder: folder, node: node)
        let result: Result<Void, any Error>
        do { result = .success(try await body(stage)) } catch { result = .failure(error) }
        try await node.shell(
            "cd '\(folder)/proc' && for p in [0-9]*; do kill -9 \"$p\" 2>/dev/null; done; rm -rf '\(folder)'")
        try result.get()
    }

    /// A process named like the scheduler.
    func start(_ group: String) async throws -> String {
        try await node.shell("\(Self.starting)\nstart", input: "\(folder)\n\(group)\n")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What the kubelet would do: another one once this one has ended.
    func restartOnce(after process: String) async throws {
        try await node.shell(
            """
            \(Self.starting)
            ( while grep -q '^kube' /proc/\(process)/cmdline 2>/dev/null; do sleep 0.2; done; start ) >/dev/null 2>&1 &
            """, input: "\(folder)\n\(Self.fromFile)\n")
    }

    // Reads the folder and the control group.
    private static let starting = """
        read -r folder; read -r group
        start() {
            bash -c 'exec -a kube-scheduler sleep 60' >/dev/null 2>&1 &
            until grep -q '^kube-scheduler' "/proc/$!/cmdline"; do sleep 0.05; done
            mkdir "$folder/new.$!"; echo "0::$group" >"$folder/new.$!/cgroup"
            for file in cmdline stat; do ln -s "/proc/$!/$file" "$folder/new.$!/$file"; done
            mv "$folder/new.$!" "$folder/proc/$!"
            echo $!
        }
        """

    func isAlive(_ process: String) async throws -> Bool {
        try await node.shell("case $(ps -o stat= -p \(process)) in ''|Z*) echo no ;; *) echo yes ;; esac") == "yes\n"
    }

    private func staged(_ command: Command) -> Command {
        var command = command
        command.argv = command.argv.map { word in
            word.replacing("/proc/", with: "\(folder)/proc/").replacing("/etc/kubernetes/manifests", with: folder)
        }
        return command
    }

    func observe(_ action: any Action) async throws -> Observation {
        var outputs: [CommandOutput] = []
        for command in action.observe() { outputs.append(try await node.run(staged(command))) }
        return try action.parse(outputs)
    }

    func write(_ commands: [Command]) async throws { try await node.write(commands.map(staged)) }
}
