import Foundation
import Testing

/// kubectl on the operator's machine, by a user who is not root there: records and log lie in that user's folders.
@Suite(
    "The operator's machine as execution host", .enabled(if: Cluster.isUp && OperatorsMachine.hasKubectl),
    .timeLimit(.minutes(20)))
struct LocalHostTests {
    /// A user with a home that has kubeconfig, key and known hosts, and a program that the user may read.
    private func home(_ project: borrowing Project) async throws -> String {
        let home = project.folder + "/home"
        let config = try await Cluster.kubectl("config", "view", "--raw", "--flatten")
        try FileManager.default.createDirectory(atPath: home + "/.kube", withIntermediateDirectories: true)
        try project.write("home/.kube/config", config)
        let inventory = try String(contentsOfFile: project.folder + "/inventory.yaml", encoding: .utf8)
        try project.write(
            "inventory.yaml",
            inventory.replacingOccurrences(
                of: "environment: production}", with: "environment: production, kubectl: {host: local}}"
            )
            .replacingOccurrences(of: try Testbed.value("BELAY_TESTBED_KEY"), with: "~/node")
            .replacingOccurrences(of: try Testbed.value("BELAY_TESTBED_KNOWN_HOSTS"), with: "~/known_hosts"))
        let prepared = try await Shell.run(
            "/bin/sh",
            [
                "-ec",
                """
                cp "$2" "$1/home/node"; cp "$3" "$1/home/known_hosts"; cp -L "$4" "$1/home/belay"
                cp -r "$5/runbooks" "$5/policies" "$1/home/"
                sed -i "s|$5/|$1/home/|g" "$1/belay.yaml"
                chown -R nobody "$1"; chmod -R go-rwx "$1/keys" "$1/home/node"
                """, "sh", project.folder, try Testbed.value("BELAY_TESTBED_KEY"),
                try Testbed.value("BELAY_TESTBED_KNOWN_HOSTS"), Testbed.binary, Testbed.root,
            ])
        try #require(prepared.status == 0, "\(prepared.error)")
        return home
    }

    private func belay(_ folder: String, _ words: [String]) async throws -> Shell.Result {
        let home = folder + "/home"
        let user = ["/usr/bin/setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        let environment = ["/usr/bin/env", "-i", "HOME=\(home)", "USER=nobody", "PATH=/usr/bin:/bin"]
        // Where the home is says the list of users, which only this command sees changed.
        let account = """
            sed "s|^\\(nobody:.*:\\)[^:]*:|\\1$1:|" /etc/passwd >"$1/passwd"
            mount --bind "$1/passwd" /etc/passwd
            shift; exec "$@"
            """
        return try await Shell.run(
            "/usr/bin/unshare",
            ["--mount", "/bin/sh", "-ec", account, "sh", home] + user + environment
                + ["\(home)/belay", "-C", folder, "--color", "never"] + words,
            in: folder)
    }

    /// Plans, has bob approve, and applies.
    private func carryOut(_ folder: String, _ words: String...) async throws {
        let file = "\(folder)/home/\(UUID().uuidString).plan"
        for words in [
            words + ["--out", file], ["approve", file, "--comment", "go on", "--key", "keys/bob"], ["apply", file],
        ] {
            let result = try await belay(folder, words)
            try #require(result.status == 0, "\(words): \(result.output)\(result.error)")
        }
    }

    @Test("A node is cordoned by a user who is root nowhere here, and the way back is planned and run the same way")
    func cordon() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let folder = project.folder
            let home = try await home(project)
            try await carryOut(folder, "plan", "cordon-node", "--node", node)
            #expect(try await Cluster.kubectl("get", "node", node, "-o", "jsonpath={.spec.unschedulable}") == "true")
            let records = "\(home)/.local/state/belay/records/for/\(node)"
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: records).sorted() == ["epoch", "lock", "spent"])
            let listed = try await belay(folder, ["runs", "list", "-o", "json"])
            let runs = try JSONSerialization.jsonObject(with: Data(listed.output.utf8)) as? [[String: Any]]
            try await carryOut(folder, "rollback", try #require(runs?.last?["id"] as? String))
            #expect(try await Cluster.kubectl("get", "node", node, "-o", "jsonpath={.spec.unschedulable}") == "")
        }
    }
}

enum OperatorsMachine {
    /// Scripts look for programs where root's are, whoever runs them.
    static let hasKubectl: Bool = {
        let folders = Cluster.path.split(separator: ":")
        if folders.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/kubectl") }) { return true }
        print("NOT RUN: kubectl on the operator's machine: there is none in \(Cluster.path)")
        return false
    }()
}
