import Foundation
import Testing

@testable import Core

/// The scripts of `node.drain` for real, under each shell that there is, over a `kubectl` that stands in for the API: pods are
/// lines of a file as the template prints them, and it evicts what a list of refusals does not name.
@Suite("node.drain: its scripts")
struct DrainScriptTests {
    static let shells = [["dash"], ["bash", "--posix"], ["busybox", "sh"]].filter { RealSystem.has($0[0]) }

    /// A folder with a `kubectl` of the test's own; removed with it.
    final class StandIn: Sendable {
        let folder: URL

        init(pods: [String], refused: [String] = [], node: String = "u-1 cordoned") throws {
            folder = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: "belay-drain-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try write("pods", pods.map { $0 + "\n" }.joined())
            try write("refused", refused.map { $0 + "\n" }.joined())
            try write("node", node)
            try StandInProgram.install(Self.kubectl, at: path("kubectl"))
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func path(_ name: String) -> String { folder.appending(path: name).path() }

        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        }

        func read(_ name: String) -> String { (try? String(contentsOfFile: path(name), encoding: .utf8)) ?? "" }

        // `refused` has a line NAME TIMES REASON for each pod that may not go at once.
        private static let kubectl = """
            #!/bin/sh
            cd "${0%/*}" && touch asked || exit 1
            case " $* " in
            *" get node "*) [ ! -e down ] || { echo 'The connection to the server x was refused' >&2; exit 1; }; cat node ;;
            *" get pods "*) cat pods ;;
            *" create --raw "*)
                for word; do case $word in */eviction) path=$word ;; esac; done
                name=${path%/eviction} name=${name##*/}
                # Others evict at the same time.
                exec 9>lock; flock 9
                { cat; echo; } >>bodies
                while read -r pod times reason; do
                    if [ "$pod" = "$name" ] && [ "$(grep -c "^$name\\$" asked 2>/dev/null)" -lt "$times" ]; then
                        echo "$name" >>asked
                        echo "Error from server ($reason)" >&2
                        exit 1
                    fi
                done <refused
                grep -v " $name " pods >left; mv left pods ;;
            esac
            """
    }

    private func run(
        _ standIn: StandIn, _ shell: [String], seconds: Int = 60, keys: [String]
    ) async throws -> CommandOutput {
        let command = Command.shell(
            DrainScript.evict,
            ["/kubeconfig", "w1", "u-1", DrainPod.template, DrainPod.filter, "policy/v1", String(seconds)] + keys)
        let path = "PATH=\(standIn.folder.path()):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return try await LocalNode(prefix: [path] + shell).run(
            Command(Array(command.argv.dropFirst()), accepts: [0, 1]))
    }

    // NAMESPACE NAME UID PHASE READY GOING MIRROR KIND OWNER HASH EMPTYDIR LABELS
    private static let web = "pod default web-7f-a u-a Running yes no no ReplicaSet web-7f 7f no app=web"
    private static let web2 = "pod default web-7f-b u-b Running yes no no ReplicaSet web-7f 7f no app=web"
    private static let proxy = "pod kube-system proxy-x u-p Running yes no no DaemonSet proxy - no"
    private static let key = "default/ReplicaSet/web"

    @Test("pods are told apart as the plan has them: whose they are, and which stay")
    func filter() async throws {
        let cases = [
            (Self.web, "leaves default/ReplicaSet/web default web-7f-a u-a Running yes app=web"),
            (Self.proxy, "stays daemon kube-system proxy-x u-p Running yes"),
            (
                "pod kube-system etcd-cp1 u Running yes no yes Node cp1 - no component=etcd",
                "stays static kube-system etcd-cp1 u Running yes component=etcd"
            ),
            // A DaemonSet's pod that is being deleted stays one.
            ("pod a d u Running yes yes no DaemonSet d - yes", "stays daemon a d u Running yes"),
            ("pod a done-x u Succeeded no no no Job done - yes", "stays ended a done-x u Succeeded no"),
            (
                "pod a web-7f-c u Running yes yes no ReplicaSet web-7f 7f no",
                "going a/ReplicaSet/web a web-7f-c u Running yes"
            ),
            ("pod a bare u Running yes no no - - - no", "leaves a/-/bare a bare u Running yes"),
            ("pod a bare u Running yes no no - - - yes", "leaves a/-/bare+emptyDir a bare u Running yes"),
            // No Deployment's: its name does not end with the hash.
            ("pod a rs-x u Running yes no no ReplicaSet rs 7f no", "leaves a/ReplicaSet/rs a rs-x u Running yes"),
            ("pod a rs-x u Running yes no no ReplicaSet -7f 7f no", "leaves a/ReplicaSet/-7f a rs-x u Running yes"),
            (
                "pod a b-28391234-x u Running yes no no Job b-28391234 - no",
                "leaves a/Job/b a b-28391234-x u Running yes"
            ),
            (
                "pod a import-2-x u Running yes no no Job import-2 - no",
                "leaves a/Job/import-2 a import-2-x u Running yes"
            ),
            ("pod a db-0 u Running yes no no StatefulSet db - no", "leaves a/StatefulSet/db a db-0 u Running yes"),
            ("Warning: something", "odd"), ("pod a b", "odd"), ("", ""),
        ]
        let input = Payload(cases.map { $0.0 + "\n" }.joined())
        let output = try await LocalNode().run(Command(["awk", DrainPod.filter], input: input))
        let lines = (output.output.text ?? "").split(separator: "\n").map(String.init)
        #expect(lines == cases.map(\.1).filter { !$0.isEmpty })
    }

    @Test(
        "what is planned is evicted, each by its uid, and a budget that refuses for a while is asked again",
        arguments: shells)
    func evicts(shell: [String]) async throws {
        let standIn = try StandIn(
            pods: [Self.web, Self.web2, Self.proxy],
            refused: ["web-7f-b 1 TooManyRequests): Cannot evict pod as it would violate the pod's disruption budget."])
        let result = try await run(standIn, shell, keys: [Self.key])
        #expect(result.status == 0, "\(result.errorTail.text ?? "")")
        #expect(standIn.read("pods") == Self.proxy + "\n")
        struct Body: Decodable {
            var apiVersion: String, kind: String, metadata: [String: String], deleteOptions: [String: [String: String]]
        }
        let bodies = try standIn.read("bodies").split(separator: "\n").map {
            try JSONDecoder().decode(Body.self, from: Data($0.utf8))
        }
        #expect(bodies.count == 3)
        #expect(bodies.allSatisfy { $0.apiVersion == "policy/v1" && $0.kind == "Eviction" })
        #expect(
            Set(bodies.map(\.metadata)) == [
                ["namespace": "default", "name": "web-7f-a"], ["namespace": "default", "name": "web-7f-b"],
            ])
        #expect(
            Set(bodies.map(\.deleteOptions)) == [
                ["preconditions": ["uid": "u-a"]], ["preconditions": ["uid": "u-b"]],
            ])
    }

    @Test("a budget that never allows it ends with the time, and the pods that are left are named", arguments: shells)
    func timesOut(shell: [String]) async throws {
        let standIn = try StandIn(
            pods: [Self.web, Self.web2], refused: ["web-7f-b 99 TooManyRequests): Cannot evict pod"])
        let began = ContinuousClock.now
        let result = try await run(standIn, shell, seconds: 6, keys: [Self.key])
        #expect(ContinuousClock.now - began < .seconds(6 + 30))
        let said = result.errorTail.text ?? ""
        #expect(result.status == 1 && said.contains("not drained within 6 s"), "\(said)")
        #expect(said.contains("default/web-7f-b") && !said.contains("web-7f-a") && said.contains("Cannot evict pod"))
    }

    @Test("a pod that nobody planned ends it before anything is evicted", arguments: shells)
    func unplanned(shell: [String]) async throws {
        let standIn = try StandIn(pods: [Self.web, "pod a bare u Running yes no no - - - no"])
        let result = try await run(standIn, shell, keys: [Self.key])
        let said = result.errorTail.text ?? ""
        #expect(
            result.status == 1 && said.contains("not evicted: a/bare") && said.contains("nothing was evicted"),
            "\(said)")
        #expect(standIn.read("bodies") == "")
    }

    @Test(
        "a node that is not cordoned any more, or another one of that name, is not drained",
        arguments: shells, ["u-1 ", "u-2 cordoned", ""])
    func uncordoned(shell: [String], node: String) async throws {
        let standIn = try StandIn(pods: [Self.web], node: node)
        let result = try await run(standIn, shell, keys: [Self.key])
        #expect(result.status == 1 && standIn.read("bodies") == "", "\(result.errorTail.text ?? "")")
        #expect((result.errorTail.text ?? "").contains("no further pod is evicted"))
    }

    @Test("what is being deleted already is waited for and not evicted", arguments: shells)
    func waits(shell: [String]) async throws {
        let standIn = try StandIn(pods: ["pod default web-7f-a u-a Running yes yes no ReplicaSet web-7f 7f no"])
        async let result = run(standIn, shell, seconds: 20, keys: [])
        try await Task.sleep(for: .seconds(1))
        try standIn.write("pods", Self.proxy + "\n")
        #expect(try await result.status == 0)
        #expect(standIn.read("bodies") == "")
    }

    @Test(
        "an API that is gone fails when the time is over; one that refuses for good, or no kubectl, at once",
        arguments: shells)
    func fails(shell: [String]) async throws {
        let down = try StandIn(pods: [Self.web])
        try down.write("down", "")
        #expect(try await run(down, shell, seconds: 2, keys: [Self.key]).status == 1)
        #expect(down.read("bodies") == "")

        let forbidden = try StandIn(pods: [Self.web], refused: ["web-7f-a 99 Forbidden): pods is forbidden"])
        let began = ContinuousClock.now
        let refused = try await run(forbidden, shell, seconds: 120, keys: [Self.key])
        #expect(refused.status == 1 && (refused.errorTail.text ?? "").contains("(Forbidden)"))
        #expect(ContinuousClock.now - began < .seconds(60))

        try FileManager.default.removeItem(atPath: down.path("kubectl"))
        guard !RealSystem.has("kubectl") else { return }
        #expect(try await run(down, shell, seconds: 120, keys: [Self.key]).status == 127)
    }

    @Test("names go into the API's path only when they are of the letters of names", arguments: shells)
    func hostile(shell: [String]) async throws {
        for name in ["../../nodes", "a/b", "a;touch", "$(touch)", "a%2fb"] {
            let standIn = try StandIn(pods: ["pod default \(name) u Running yes no no ReplicaSet web-7f 7f no"])
            #expect(try await run(standIn, shell, seconds: 1, keys: [Self.key]).status == 1)
            #expect(standIn.read("bodies") == "", "\(name)")
        }
    }
}
