import Core
import Foundation
import Testing

/// The Kubernetes API of the testbed, asked as the engine asks it: kubectl on the control-plane node.
enum Cluster {
    static let kubeconfig = "/etc/kubernetes/admin.conf"

    /// True when the testbed has an API; where the testbed is required, so is its API.
    static let isUp: Bool = {
        if Testbed.environment["BELAY_TESTBED_API"] == "1" { return true }
        // And then every test fails, which it must.
        if Testbed.environment["BELAY_TESTBED"] == "required" { return true }
        print("NOT RUN: the tests of kubectl need a real API; ./test brings one up (belay-testbed up --api)")
        return false
    }()

    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Runs a command on the execution host as it is, no shell in between.
    /// - Parameter first: a folder that is looked in for programs before all others.
    static func run(_ command: Command, first: String? = nil) async throws -> CommandOutput {
        let host = try Testbed.value("BELAY_TESTBED_CONTROL_PLANE")
        let path = "PATH=" + (first.map { $0 + ":" } ?? "") + path
        let result = try await Shell.run(Testbed.command, ["exec", host, "--", "/usr/bin/env", path] + command.argv)
        return CommandOutput(
            status: result.status, output: Payload(result.output), errorTail: Payload(result.error))
    }

    /// A person at the keyboard.
    @discardableResult
    static func kubectl(_ arguments: String...) async throws -> String {
        let answer = try await run(Command(["kubectl", "--kubeconfig", kubeconfig] + arguments))
        try #require(answer.status == 0, "kubectl \(arguments): \(answer.errorTail.text ?? "")")
        return answer.output.text ?? ""
    }

    static func observe(_ action: any Action) async throws -> Observation {
        var outputs: [CommandOutput] = []
        for command in action.observe() { outputs.append(try await run(command)) }
        return try action.parse(outputs)
    }

    /// Runs writes in order; the first that fails ends it.
    /// - Returns: the status of the last one that ran, and what it said.
    static func write(_ commands: [Command], first: String? = nil) async throws -> (status: Int, said: String) {
        var last = (status: 0, said: "")
        for command in commands where last.status == 0 {
            let answer = try await run(command, first: first)
            last = (answer.status, (answer.errorTail.text ?? "") + (answer.output.text ?? ""))
        }
        return last
    }

    /// What a Node has that a kubelet registered; Kubernetes keeps no field managers of an object created empty.
    static let labels = #","labels":{"kubernetes.io/os":"linux"}"#

    /// Lends a Node object of the test's own; no kubelet stands behind it.
    static func withNode<T>(_ metadata: String = labels, _ body: (String) async throws -> T) async throws -> T {
        let name = "law-" + UUID().uuidString.lowercased()
        let object = #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"\#(name)"\#(metadata)}}"#
        try await put(object, at: "/tmp/\(name)")
        try await kubectl("create", "-f", "/tmp/\(name)")
        let result: Result<T, any Error>
        do { result = .success(try await body(name)) } catch { result = .failure(error) }
        try await kubectl("delete", "node", name)
        _ = try await run(Command(["rm", "-f", "/tmp/\(name)"]))
        return try result.get()
    }

    /// A kubeconfig on the execution host that differs from the administrator's.
    static func withKubeconfig<T>(
        _ change: (inout [String: Any]) throws -> Void, _ body: (String) async throws -> T
    ) async throws -> T {
        let text = try await kubectl("config", "view", "--raw", "--flatten", "-o", "json")
        var object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        try change(&object)
        let path = "/tmp/kubeconfig-" + UUID().uuidString
        let data = try JSONSerialization.data(withJSONObject: object, options: .withoutEscapingSlashes)
        try await put(String(decoding: data, as: UTF8.self), at: path)
        let result: Result<T, any Error>
        do { result = .success(try await body(path)) } catch { result = .failure(error) }
        _ = try await run(Command(["rm", "-f", path]))
        return try result.get()
    }

    /// Lends a folder whose `kubectl` is the real one, but for the first patch: there a shell text takes its place, with
    /// the patch's words as its own.
    static func withFirstPatch<T>(_ text: String, _ body: (String) async throws -> T) async throws -> T {
        let folder = "/tmp/kubectl-" + UUID().uuidString
        _ = try await run(Command(["mkdir", "-p", folder]))
        try await put(
            """
            #!/bin/sh
            PATH=\(path) KUBECONFIG=\(kubeconfig)
            export PATH KUBECONFIG
            case " $* " in *" patch "*) if mkdir "$0.once" 2>/dev/null; then \(text); exit; fi ;; esac
            exec kubectl "$@"

            """, at: folder + "/kubectl")
        _ = try await run(Command(["chmod", "755", folder + "/kubectl"]))
        let result: Result<T, any Error>
        do { result = .success(try await body(folder)) } catch { result = .failure(error) }
        _ = try await run(Command(["rm", "-rf", folder]))
        return try result.get()
    }

    private static func put(_ text: String, at path: String) async throws {
        let answer = try await run(
            .shell("umask 077; printf %s \"$1\" | base64 -d >\"$2\"", [Data(text.utf8).base64EncodedString(), path]))
        try #require(answer.status == 0, "\(answer.errorTail.text ?? "")")
    }
}
