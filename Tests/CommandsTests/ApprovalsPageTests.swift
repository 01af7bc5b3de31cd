import Core
import Foundation
import Subprocess
import Testing

@testable import Commands
@testable import Engine

/// The outsider's commands on `docs/approvals.md` are run as they stand there, over an approval that Belay made.
@Suite("approvals without Belay", .timeLimit(.minutes(5)))
struct ApprovalsPageTests {
    /// The page's only block of shell commands.
    private static func commands() throws -> String {
        let page = try String(contentsOfFile: SignedProject.root + "/docs/approvals.md", encoding: .utf8)
        let blocks = page.components(separatedBy: "```sh\n").dropFirst()
        try #require(blocks.count == 1)
        return try #require(blocks.first?.components(separatedBy: "```").first)
    }

    private func check(in folder: String) async throws -> (isGood: Bool, output: String) {
        let result = try await Subprocess.run(
            .name("bash"), arguments: ["-euo", "pipefail", "-c", "cd '\(folder)'\n" + Self.commands()],
            output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
        return (result.terminationStatus.isSuccess, result.standardOutput + result.standardError)
    }

    private func approved() async throws -> (SignedProject, plan: String, statement: String) {
        let project = try await SignedProject()
        let plan = try await project.plan()
        let signed = await project.belay("approve", plan, "--comment", "go on", "--key", "\(project.path)/keys/bob")
        try #require(signed.exit == .done, "\(signed)")
        let names = try FileManager.default.contentsOfDirectory(atPath: plan + ".approvals")
        let name = try #require(names.first { $0.hasSuffix(".json") })
        return (project, plan, "\(plan).approvals/\(name)")
    }

    @Test("ssh-keygen and sha256sum find the approval good, and show who said what of which plan")
    func good() async throws {
        let (project, plan, _) = try await approved()
        let checked = try await check(in: project.path)
        #expect(checked.isGood, "\(checked.output)")
        for said in [
            "Good \"belay-plan@v1\" signature for alice", "Good \"belay-approval@v1\" signature for bob",
            "restart.plan: OK", "\"decision\" : \"approve\"", try SignedProject.digest(of: plan),
        ] {
            #expect(checked.output.contains(said), "\(said) is not in \(checked.output)")
        }
    }

    @Test("they refuse an edited plan, an edited statement, and a statement about another plan")
    func bad() async throws {
        let (project, plan, statement) = try await approved()
        func expectRefused(_ file: String, _ from: String, _ to: String) async throws {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try #require(text.contains(from))
            try Data(text.replacing(from, with: to).utf8).write(to: URL(fileURLWithPath: file))
            #expect(try await !check(in: project.path).isGood)
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        }
        try await expectRefused(plan, "\"timeoutSeconds\" : 90", "\"timeoutSeconds\" : 91")
        try await expectRefused(statement, "go on", "go no")
        #expect(try await check(in: project.path).isGood)
        let other = try await project.plan("other")
        try await project.leave(project.statement(other), beside: plan)
        let mixed = try await check(in: project.path)
        #expect(!mixed.isGood && mixed.output.contains("restart.plan: FAILED"), "\(mixed.output)")
    }
}
