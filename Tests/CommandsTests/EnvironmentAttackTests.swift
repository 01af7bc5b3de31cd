import ArgumentParser
import Core
import Foundation
import Testing

@testable import Commands
@testable import Engine

/// The environment and the command line belong to whoever asks: neither moves a guardrail.
@Suite("attacks by environment and flags", .timeLimit(.minutes(5)))
struct EnvironmentAttackTests {
    /// A project that leaves to the defaults whatever has one, and has a calendar.
    private func project() async throws -> SignedProject {
        let project = try await SignedProject()
        try project.write(
            """
            apiVersion: belay/v1
            kind: Configuration
            log: {origin: test.example/log}
            calendar:
              zone: Europe/Amsterdam
              freezes: [{name: year-end, start: 2026-07-18T17:00, end: 2027-01-04T08:00}]
            """, to: "belay.yaml")
        return project
    }

    @Test("attack: no variable moves a setting or the digest of the guardrails")
    func variables() async throws {
        let project = try await project()
        try FileManager.default.createDirectory(atPath: "\(project.path)/zones", withIntermediateDirectories: true)
        try project.write("no zones", to: "zones/zoneinfo64.res")
        let clean = try await project.belay([:], ["config", "-o", "json"])
        try #require(clean.status == 0 && clean.output.contains("\"policySet\""), "\(clean)")
        let home = try #require(Engine.Environment.home)
        #expect(
            clean.output.contains("\(home)/.local/state/belay/log/test.example_log".replacing("/", with: "\\/"))
                || clean.output.contains("\(home)/.local/state/belay/log/test.example_log"))
        let zones = "\(project.path)/zones"
        for (name, value) in [
            ("HOME", project.path), ("XDG_STATE_HOME", project.path), ("XDG_CONFIG_HOME", "\(project.path)/none"),
            ("USER", "root"), ("LOGNAME", "root"), ("TZ", "Asia/Tokyo"), ("TZDIR", zones),
            ("ICU_TIMEZONE_FILES_DIR", zones), ("ICU_DATA", zones), ("LC_ALL", "tr_TR.UTF-8"), ("LANG", "tr_TR.UTF-8"),
            ("TMPDIR", project.path), ("BELAY_LOG", "warning"), ("BELAY_CONFIG", zones), ("BELAY_POLICIES", zones),
            ("SSH_AUTH_SOCK", "/nowhere"), ("PATH", zones), ("NO_COLOR", "1"), ("TERM", "dumb"),
        ] {
            let seen = try await project.belay([name: value], ["config", "-o", "json"])
            #expect(seen.status == 0 && seen.output == clean.output, "\(name): \(seen)")
        }
    }

    @Test("attack: a configuration of the user's own that sets a guardrail is refused, wherever a variable says it is")
    func userConfiguration() async throws {
        let project = try await project()
        try FileManager.default.createDirectory(
            atPath: "\(project.path)/mine/belay", withIntermediateDirectories: true)
        let header = "apiVersion: belay/v1\nkind: UserConfiguration\n"
        try project.write(header + "signing: {key: keys/bob}\n", to: "mine/belay/config.yaml")
        let variables = ["XDG_CONFIG_HOME": "\(project.path)/mine"]
        let clean = try await project.belay([:], ["config", "-o", "json"])
        let own = try await project.belay(variables, ["config", "-o", "json"])
        #expect(own.status == 0 && own.output.contains("\"user\"") && own.output.contains("bob"), "\(own)")
        let digest = { (text: String) in text.split(separator: "\n").first { $0.contains("policySet") } }
        #expect(digest(own.output) == digest(clean.output) && digest(own.output) != nil)
        try project.write(header + "allowedSigners: friends\n", to: "mine/belay/config.yaml")
        let refused = try await project.belay(variables, ["config"])
        #expect(refused.status == Int(Exit.usage.rawValue))
        #expect(refused.complaints.contains("allowedSigners: is a guardrail"), "\(refused)")
        #expect(refused.complaints.contains("mine/belay/config.yaml:3:17"), "\(refused)")
    }

    @Test("attack: an ssh-keygen in the PATH that finds every signature good is not asked")
    func fakeKeygen() async throws {
        let project = try await SignedProject()
        try FileManager.default.createDirectory(atPath: "\(project.path)/bin", withIntermediateDirectories: true)
        try project.write("#!/bin/sh\ntouch '\(project.path)/asked'\nexit 0\n", to: "ssh-keygen")
        // Not by this process, in which it would be open for writing while others fork.
        let installing = try Process.run(
            URL(fileURLWithPath: "/usr/bin/install"),
            arguments: ["-m", "755", "\(project.path)/ssh-keygen", "\(project.path)/bin/ssh-keygen"])
        installing.waitUntilExit()
        let plan = try await project.plan()
        try await project.leave(project.statement(plan, .deny), beside: plan) {
            $0.replacing("\"deny\"", with: "\"approve\"")
        }
        let applied = try await project.belay(["PATH": "\(project.path)/bin:/usr/bin:/bin"], ["apply", plan])
        #expect(applied.status == Int(Exit.denied.rawValue), "\(applied)")
        #expect(applied.complaints.contains("does not fit what it is beside"), "\(applied)")
        #expect(!FileManager.default.fileExists(atPath: "\(project.path)/asked"))
        #expect(try await !project.hasBegun)
    }

    /// Every variable that the code looks at, and why whoever sets it moves no guardrail.
    static let knownVariables = [
        "XDG_CONFIG_HOME": "where a user's own file is, which sets no guardrail",
        "USER": "a label", "LOGNAME": "a label",
        "SSH_AUTH_SOCK": "an agent; keys are told by the allowed signers, the log's key by the log",
        "BELAY_LOG": "how much is said", "NO_COLOR": "how it looks", "TERM": "how it looks",
        "TMPDIR": "where sockets of ssh are; nothing is read there",
    ]

    @Test("every variable that the code reads is known here, with why it moves no guardrail")
    func readVariables() throws {
        let form = /(?:variable\(|environment\[|getenv\()"([A-Z_]+)"/
        var found: Set<String> = []
        let sources = URL(fileURLWithPath: "\(SignedProject.root)/Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        // The simulator is no part of the program.
        for case let file as URL in files where file.pathExtension == "swift" && !file.path.contains("/belay-sim/") {
            found.formUnion(try String(contentsOf: file, encoding: .utf8).matches(of: form).map { String($0.1) })
        }
        #expect(found == Set(Self.knownVariables.keys))
    }

    @Test("nothing of the program listens: there is no port to attack, and no method to call from elsewhere")
    func noListener() throws {
        let sources = URL(fileURLWithPath: "\(SignedProject.root)/Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        for case let file as URL in files where ["swift", "c", "cc", "cpp", "h"].contains(file.pathExtension) {
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(!text.contains(/(?:^|[^\w.])listen\(|ServerSocket|NWListener|HTTPServer/), "\(file.path)")
        }
    }

    /// Every option of the verbs that plan, approve, run or keep the log: what is asked for, who signs, how nodes are reached,
    /// and how it is shown. Of guardrails there is none; a new option is to be looked at before it is added here.
    static let deciding: [String: Set<String>] = {
        let (shown, reached, chosen) = (
            Set(["color", "help"]), Set(["transport", "ask-password"]), Set(["node", "selector"])
        )
        let saved = Set(["key", "out", "reason", "expires", "incident", "verbose"])
        return [
            "plan": shown.union(reached).union(chosen).union(saved).union(
                ["param", "param-file", "temporary", "on-node"]),
            "rollback": shown.union(reached).union(saved),
            "approve": shown.union(["deny", "comment", "not-before", "expires", "key", "verbose"]),
            "apply": shown.union(reached).union(["break-glass", "reason", "incident", "expires", "key"]),
            "review": shown.union(["comment", "key"]), "recover": shown.union(reached).union(chosen).union(["run"]),
            "resolve": shown.union(reached).union(["as", "reason", "key"]),
            "keep": shown.union(reached).union(["reason", "key"]),
            "return": shown.union(reached).union(["due", "plans", "key"]),
            "policy explain": shown.union(reached).union(chosen).union(["param", "key"]),
            "audit init": shown.union(["agent"]), "audit rotate": shown.union(["agent", "reason", "prepare"]),
            "config": shown,
        ]
    }()

    /// Every verb's long options, by the verb's words.
    private func options() throws -> [String: Set<String>] {
        let dump = try JSONSerialization.jsonObject(with: Data(Root._dumpHelp().utf8)) as? [String: Any]
        var found: [String: Set<String>] = [:]
        func visit(_ command: [String: Any], _ words: [String]) {
            let arguments = command["arguments"] as? [[String: Any]] ?? []
            let names = arguments.flatMap { $0["names"] as? [[String: String]] ?? [] }
            found[words.joined(separator: " ")] = Set(names.filter { $0["kind"] == "long" }.compactMap { $0["name"] })
            for next in command["subcommands"] as? [[String: Any]] ?? [] {
                visit(next, words + [next["commandName"] as? String ?? ""])
            }
        }
        visit(try #require(dump?["command"] as? [String: Any]), [])
        return found
    }

    @Test("attack: no flag of a verb that plans, approves or runs moves a guardrail: each of them is known")
    func flags() throws {
        let found = try options()
        for (verb, known) in Self.deciding { #expect(found[verb]?.union(["help"]) == known, "\(verb)") }
    }

    @Test(
        "attack: a flag of a guardrail's name is no flag of any verb, but where an auditor brings his own for one check"
    )
    func guardrailFlags() throws {
        let guardrails: Set = [
            "policy", "policies", "params", "grant", "grants", "signers", "allowed-signers", "calendar", "zone", "log",
            "origin", "witness", "witnesses", "strict", "config", "inventory", "runbooks", "projects", "now",
        ]
        let found = try options().mapValues { $0.intersection(guardrails) }.filter { !$0.value.isEmpty }
        #expect(
            found == [
                "approvals verify": ["signers"], "audit verify": ["witness"], "audit check-proof": ["witness"],
            ])
    }
}
