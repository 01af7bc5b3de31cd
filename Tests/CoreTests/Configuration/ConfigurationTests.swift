import Testing

@testable import Core

@Suite("Configuration")
struct ConfigurationTests {
    static func parse(_ text: String) throws -> Configuration {
        try Configuration.parse(
            Array("apiVersion: belay/v1\nkind: Configuration\n\(text)".utf8), file: "etc/belay.yaml")
    }

    @Test("paths are relative to the file, and what is not given has its default")
    func defaults() throws {
        let configuration = try Self.parse("log: {origin: example.com/prod}")
        #expect(configuration.inventory == "etc/inventory.yaml")
        #expect(configuration.runbooks == ["etc/runbooks"] && configuration.policies == ["etc/policies"])
        #expect(configuration.allowedSigners == "etc/allowed_signers")
        #expect(configuration.log == .init(directory: nil, origin: "example.com/prod"))
        #expect(configuration.signingKey == nil && configuration.params.isEmpty)
    }

    @Test("policies get parameters with their types")
    func params() throws {
        let configuration = try Self.parse(
            """
            inventory: /srv/inventory.yaml
            log: {directory: ./log, origin: example.com/prod}
            signing: {key: ~/.ssh/id_ed25519}
            params:
              kubelet-restart-cooldown: {cooldown: 10m, max: 3, strict: true, ratio: 0.5, names: [a, "on"]}
            """)
        #expect(configuration.inventory == "/srv/inventory.yaml")
        #expect(configuration.log.directory == "etc/log" && configuration.signingKey == "~/.ssh/id_ed25519")
        #expect(
            configuration.params == [
                "kubelet-restart-cooldown": [
                    "cooldown": .single(.string("10m")), "max": .single(.int(3)), "strict": .single(.bool(true)),
                    "ratio": .single(.double(0.5)), "names": .list([.string("a"), .string("on")]),
                ]
            ])
    }

    @Test("a log may be named by its key, and only by one of its origin")
    func logKey() throws {
        let key = "example.com/prod+bfb3f96e+AZEeL3jUqqdOtu5OEiwDN9IWKF2r7nj8qLx31dvoIdsQ"
        #expect(try Self.parse("log: {origin: example.com/prod, key: \(key)}").log.key == key)
        #expect(throws: Diagnostics.self) { try Self.parse("log: {origin: example.com/other, key: \(key)}") }
    }

    @Test("witnesses are named in a file beside this one, and strictness needs them")
    func witnesses() throws {
        let log = try Self.parse("log: {origin: example.com/prod, witnesses: witnesses, strict: true}").log
        #expect(log.witnesses == "etc/witnesses" && log.strict)
        let error = #expect(throws: Diagnostics.self) {
            try Self.parse("log: {origin: example.com/prod, strict: true}")
        }
        #expect(
            error?.all.map(\.description) == [
                "etc/belay.yaml:3:41: log.strict: needs log.witnesses: without a policy file no witness can be waited for. "
                    + "Name the file in log.witnesses; `belay audit witness add` writes it"
            ])
    }

    @Test("nothing is guessed")
    func faults() {
        let error = #expect(throws: Diagnostics.self) {
            try Self.parse("policies: []\nlog: {origin: a b}\nparams: {p: {a: on, b: [1, [2]]}}\nallowedSigner: x\n")
        }
        #expect(
            error?.all.map(\.description) == [
                "etc/belay.yaml:3:11: policies: must name at least one folder: without policies nothing is guarded",
                "etc/belay.yaml:4:15: log.origin: must be one printable word without '+', such as example.com/production",
                "etc/belay.yaml:5:17: params.p.a: is 'on', which YAML 1.1 reads as a boolean. "
                    + "Write true or false, or \"on\" in quotes",
                "etc/belay.yaml:5:28: params.p.b[1]: must be a single value, not a list",
                "etc/belay.yaml:6:1: allowedSigner: there is no such field; did you mean 'allowedSigners'?",
            ])
    }
}
