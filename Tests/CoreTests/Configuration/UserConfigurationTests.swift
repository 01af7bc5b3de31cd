import Testing

@testable import Core

@Suite("a user's own configuration")
struct UserConfigurationTests {
    private func parse(_ text: String) throws(Diagnostics) -> UserConfiguration {
        try UserConfiguration.parse(
            Array("apiVersion: belay/v1\nkind: UserConfiguration\n\(text)\n".utf8), file: "/home/eve/config.yaml")
    }

    @Test("the key to sign with is a user's own, and wins over the project's")
    func key() throws {
        let project = try ConfigurationTests.parse("log: {origin: a.example/log}\nsigning: {key: keys/shared}")
        #expect(project.with(nil).signingKey == "etc/keys/shared")
        let own = project.with(try parse("signing: {key: ~/.ssh/id_ed25519}"))
        #expect(own.signingKey == "~/.ssh/id_ed25519")
        #expect(own.origin(of: "signing.key").layer == .user && own.origin(of: "log.origin").layer == .project)
    }

    @Test(
        "attack: a user-level file that moves a guardrail is refused with its place and where it belongs",
        arguments: [
            "policies: [mine]", "params: {production-two-approvals: {min: 0}}", "allowedSigners: friends",
            "calendar: {}", "log: {directory: /tmp/log}", "inventory: staging.yaml", "runbooks: [mine]",
            "notify: {}", "projects: [/home/eve]",
        ])
    func guardrail(text: String) throws {
        let name = try #require(text.split(separator: ":").first)
        let error = #expect(throws: Diagnostics.self) { try parse("signing: {key: k}\n\(text)") }
        let sentence = try #require(error?.description)
        #expect(sentence.hasPrefix("/home/eve/config.yaml:4:\(name.count + 3): \(name): is a guardrail"))
        #expect(sentence.contains("It is set in the project's belay.yaml or in /etc/belay/belay.yaml"))
    }

    @Test("a grant is no setting of any file, and a misspelt field none either")
    func unknown() {
        #expect(throws: Diagnostics.self) { try parse("grants: [everything]") }
        #expect(throws: Diagnostics.self) { try parse("signing: {keys: x}") }
    }
}
