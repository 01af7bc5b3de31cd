import CEL
import Testing

@testable import Core

@Suite("Troubled pods of a survey")
struct PodSurveyTests {
    private static func answer(_ lines: [String], pods: Int = 9, troubled: Int = 1) -> CommandOutput {
        .succeeded((lines + ["pods \(pods)", "troubled \(troubled)", #"on "w1" 4"#]).joined(separator: "\n"))
    }

    /// The entries of a pod, each as its fields say.
    private static func entries(_ lines: [String]) throws -> [[String: Value]] {
        let facts = try ClusterFixture.facts("healthy", [.pods: answer(lines)])
        guard case .message(_, let fields) = facts.value, case .list(let entries) = fields["pods"] else {
            return [["pods": .null]]
        }
        return entries.map { entry in
            if case .message(_, let fields) = entry { fields } else { [:] }
        }
    }

    private static func pod(
        _ phase: String = "Running", reason: String = "", message: String = "", deleted: String = "", ready: Int = 0
    ) -> String {
        #"pod "shop" "web-1" "\#(phase)" "w1" "ReplicaSet/web" "\#(reason)" "\#(message)" "2026-11-27T10:00:00Z""#
            + #" "\#(deleted)" \#(ready)"#
    }

    private static func container(
        _ state: String, kind: String = "container", name: String = "app", ready: Int = 0, restarts: Int = 0,
        last: String = #""" -1 """#
    ) -> String { #"\#(kind) "\#(name)" \#(ready) \#(restarts) "registry/app:v1" \#(state) \#(last)"# }

    private static let notReady =
        #"is "Ready" "False" "ContainersNotReady" "containers with unready status: [app]" "2026-11-27T10:05:00Z""#

    struct Case: Sendable {
        var lines: [String]
        var reason: String
        var container = "app"
        var message = ""
        var exitCode: Int64 = -1
        var unready = true
        var since = "2026-11-27T10:05:00Z"
    }

    static let cases = [
        Case(
            lines: [pod("Pending"), notReady, container(#"waiting "ImagePullBackOff" "Back-off pulling" "" -1"#)],
            reason: "ImagePullBackOff", message: "Back-off pulling"),
        Case(
            lines: [
                pod(), notReady,
                container(
                    #"waiting "CrashLoopBackOff" "back-off 40s" "" -1"#, restarts: 3,
                    last: #""OOMKilled" 137 "2026-11-27T10:04:00Z""#),
            ], reason: "CrashLoopBackOff", message: "back-off 40s", exitCode: 137),
        Case(
            lines: [pod(), notReady, container(#"terminated "Error" "" "2026-11-27T10:06:00Z" 3"#, restarts: 1)],
            reason: "Error", exitCode: 3, since: "2026-11-27T10:06:00Z"),
        Case(
            lines: [pod(), notReady, container(#"terminated "" "" "2026-11-27T10:06:00Z" 3"#)],
            reason: "ExitCode:3", exitCode: 3, since: "2026-11-27T10:06:00Z"),
        Case(
            lines: [pod(), notReady, container(#"running "" "" "2026-11-27T10:04:30Z" -1"#)], reason: "Running"),
        Case(
            lines: [
                pod("Pending"),
                #"is "PodScheduled" "False" "Unschedulable" "0/3 nodes are available" "2026-11-27T10:05:00Z""#,
            ], reason: "Unschedulable", container: "", message: "0/3 nodes are available"),
        Case(lines: [pod("Pending")], reason: "Pending", container: "", since: "2026-11-27T10:00:00Z"),
        Case(
            lines: [
                pod("Failed", reason: "Evicted", message: "low on memory"),
                container(#"terminated "Error" "" "" 137"#),
            ],
            reason: "Evicted", container: "", message: "low on memory", since: "2026-11-27T10:00:00Z"),
        Case(
            lines: [
                pod(), #"is "Ready" "False" "NodeNotReady" "Node is not ready" "2026-11-27T10:05:00Z""#,
                container(#"running "" "" "2026-11-27T10:00:05Z" -1"#, ready: 1),
            ], reason: "Running", container: "", message: "Node is not ready"),
        Case(
            lines: [
                pod(deleted: "2026-11-27T10:10:00Z"), notReady,
                container(#"running "" "" "2026-11-27T10:00:05Z" -1"#),
            ], reason: "Terminating"),
        Case(
            lines: [
                pod(reason: "NodeLost", deleted: "2026-11-27T10:10:00Z"), notReady,
                container(#"running "" "" "2026-11-27T10:00:05Z" -1"#),
            ], reason: "Unknown"),
        Case(
            lines: [
                pod("Pending"), notReady,
                container(#"waiting "CrashLoopBackOff" "" "" -1"#, kind: "init", name: "setup", restarts: 2),
                container(#"waiting "PodInitializing" "" "" -1"#),
            ], reason: "CrashLoopBackOff", container: "setup"),
    ]

    @Test("a pod is told as kubectl's column STATUS would", arguments: cases)
    func reasons(test: Case) throws {
        let entries = try Self.entries(test.lines)
        try #require(entries.count == 1, "\(test.lines)")
        let entry = entries[0]
        #expect(entry["reason"] == .string(test.reason) && entry["container"] == .string(test.container))
        #expect(entry["message"] == .string(test.message) && entry["exitCode"] == .int(test.exitCode))
        #expect(entry["unready"] == .bool(test.unready))
        #expect(entry["since"] == .timestamp(try CEL.Timestamp(parsing: test.since)))
        #expect(entry["node"] == .string("w1") && entry["owner"] == .string("ReplicaSet/web"))
    }

    @Test("a container that was started again a moment ago is told, though it is ready; its ready neighbour is not")
    func restarted() throws {
        let healthy = try ClusterFixture.outputs("healthy")
        let clock = try #require(healthy[0].output.text.flatMap { Int64($0.prefix { $0 != "\n" }) })
        let ended = Core.Timestamp(milliseconds: (clock - 590) * 1000).description
        let before = Core.Timestamp(milliseconds: (clock - 610) * 1000).description
        let entries = try Self.entries([
            Self.pod(ready: 1),
            Self.container(#"running "" "" "\#(ended)" -1"#, ready: 1, restarts: 1, last: #""Error" 1 "\#(ended)""#),
            Self.container(
                #"running "" "" "\#(before)" -1"#, name: "old", ready: 1, restarts: 1, last: #""Error" 1 "\#(before)""#),
            Self.container(#"running "" "" "\#(before)" -1"#, name: "good", ready: 1),
        ])
        #expect(entries.map { $0["container"] } == ["app"] && entries.map { $0["unready"] } == [false])
        #expect(entries.map { $0["lastReason"] } == ["Error"] && entries.map { $0["exitCode"] } == [1])
    }

    @Test("what a container said before is told with it, whatever bytes it wrote, but for secrets")
    func lines() throws {
        let said = Base64.encode(Array("first\npassword=hunter2secret\n\u{1b}[31mpanic: \n".utf8) + [0xFF, 0x00, 0x0A])
        let gone = "unable to retrieve container logs for containerd://b38b453e"
        let entries = try Self.entries([
            Self.pod(), Self.notReady, Self.container(#"waiting "CrashLoopBackOff" "" "" -1"#, restarts: 2),
            Self.container(#"waiting "CrashLoopBackOff" "" "" -1"#, name: "gone", restarts: 2),
            Self.container(#"waiting "CrashLoopBackOff" "" "" -1"#, name: "other", restarts: 2),
            "log shop web-1 app \(said)",
            "log shop web-1 gone \(Base64.encode(Array(gone.utf8)))", "log shop web-2 other \(said)",
            "log shop web-1 other %%%",
        ])
        let secret = Value.string("password=\(Redactor.mark)")
        #expect(entries[0]["lines"] == ["first", secret, "\\u{1b}[31mpanic: ", "\u{fffd}\\u{0}"])
        #expect(entries[1]["lines"] == [] && entries[2]["lines"] == [])
    }

    @Test("at most 200 containers are listed, all pods are counted, and nodes know how many they have")
    func many() throws {
        let lines = (0..<300).flatMap { _ in [Self.pod("Pending")] }
        let facts = try ClusterFixture.facts("healthy", [.pods: Self.answer(lines, pods: 5000, troubled: 700)])
        #expect(try ClusterFixture.evaluate("kubernetes.pods.size()", facts) == "200")
        #expect(try ClusterFixture.evaluate("kubernetes.podCount - kubernetes.troubledPodCount", facts) == "4300")
        #expect(facts.nodes.value?["kube-1"]?.pods == .known(0))
    }

    @Test("without the numbers at its end the answer is not whole")
    func cut() throws {
        let facts = try ClusterFixture.facts("healthy", [.pods: .succeeded(Self.pod())])
        #expect(try ClusterFixture.evaluate("kubernetes.pods", facts).hasPrefix("error: kubernetes.pods"))
        #expect(facts.nodes.value?.values.allSatisfy { $0.pods.value == nil } == true)
    }
}
