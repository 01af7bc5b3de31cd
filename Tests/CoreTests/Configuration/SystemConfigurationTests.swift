import Testing

@testable import Core

@Suite("the machine's configuration over a project's")
struct SystemConfigurationTests {
    static let file = "/etc/belay/belay.yaml"
    static let key = "a.example/log+bfb3f96e+AZEeL3jUqqdOtu5OEiwDN9IWKF2r7nj8qLx31dvoIdsQ"

    static func system(_ text: String) throws(Diagnostics) -> SystemConfiguration {
        try SystemConfiguration.parse(
            Array("apiVersion: belay/v1\nkind: SystemConfiguration\n\(text)\n".utf8), file: file)
    }

    static func project(_ text: String, under system: SystemConfiguration) throws(Diagnostics) -> Configuration {
        try Configuration.parse(
            Array("apiVersion: belay/v1\nkind: Configuration\n\(text)\n".utf8), file: "/srv/p/belay.yaml", under: system
        )
    }

    @Test("what it sets wins, what it leaves out is the project's, and each says where it stands")
    func wins() throws {
        let system = try Self.system(
            """
            projects: [/srv]
            policies: [policies]
            allowedSigners: people
            log: {directory: /var/lib/belay/log, strict: true, witnesses: witnesses}
            params: {p: {min: 2}}
            calendar: {freezes: [{name: f, start: 2026-01-01T00:00, end: 2026-02-01T00:00}]}
            """)
        let configuration = try Self.project(
            """
            policies: [mine]
            allowedSigners: friends
            log: {directory: log, origin: a.example/log, strict: false, witnesses: nobody, reads: false}
            params: {p: {min: 0, max: 9}, q: {x: 1}}
            calendar: {windows: [{name: always, weekdays: [mon], start: "00:00", duration: 7d}]}
            signing: {key: keys/alice}
            """, under: system)
        #expect(configuration.policies == ["/etc/belay/policies", "/srv/p/mine"])
        #expect(configuration.allowedSigners == "/etc/belay/people")
        #expect(
            configuration.log
                == .init(
                    directory: "/var/lib/belay/log", origin: "a.example/log", witnesses: "/etc/belay/witnesses",
                    strict: true, reads: false))
        #expect(
            configuration.params == [
                "p": ["min": .single(.int(2)), "max": .single(.int(9))], "q": ["x": .single(.int(1))],
            ])
        #expect(configuration.calendar == system.calendar && configuration.calendar.windows.isEmpty)
        let settings = configuration.settings(logDirectory: "/var/lib/belay/log").map {
            "\($0.name) \($0.value) \($0.layer.rawValue) \($0.place ?? "-")"
        }
        #expect(
            settings == [
                "projects /srv system /etc/belay/belay.yaml:3",
                "inventory /srv/p/inventory.yaml default -",
                "runbooks /srv/p/runbooks default -",
                "policies /etc/belay/policies system /etc/belay/belay.yaml:4",
                "policies /srv/p/mine project /srv/p/belay.yaml:3",
                "allowedSigners /etc/belay/people system /etc/belay/belay.yaml:5",
                "log.directory /var/lib/belay/log system /etc/belay/belay.yaml:6",
                "log.origin a.example/log project /srv/p/belay.yaml:5",
                "log.key none default -",
                "log.witnesses /etc/belay/witnesses system /etc/belay/belay.yaml:6",
                "log.strict true system /etc/belay/belay.yaml:6",
                "log.reads false project /srv/p/belay.yaml:5",
                "calendar 0 windows, 1 freezes, UTC system /etc/belay/belay.yaml:8",
                "notify none default -",
                "params.p.max 9 project /srv/p/belay.yaml:6",
                "params.p.min 2 system /etc/belay/belay.yaml:7",
                "params.q.x 1 project /srv/p/belay.yaml:6",
                "signing.key /srv/p/keys/alice project /srv/p/belay.yaml:8",
            ])
    }

    @Test("a project need not name a log that the machine names, and cannot name another one's key")
    func log() throws {
        let system = try Self.system("log: {origin: a.example/log, key: \(Self.key)}")
        #expect(try Self.project("inventory: i.yaml", under: system).log.key == Self.key)
        let named = try Self.project("log: {origin: b.example/log}", under: system)
        #expect(named.log.origin == "a.example/log")
        let keyless = try Self.system("log: {origin: b.example/log}")
        let error = #expect(throws: Diagnostics.self) { try Self.project("log: {key: \(Self.key)}", under: keyless) }
        #expect(error?.description.hasPrefix("/srv/p/belay.yaml:3:12: log.key: must be the log's public key") == true)
    }

    @Test("what would be another thing for every user, or is a project's, is refused with its place")
    func faults() {
        let error = #expect(throws: Diagnostics.self) {
            try Self.system(
                "allowedSigners: ~/people\npolicies: [~/p]\ninventory: x\nlog: {origin: a b, directory: ~/log, key: x}")
        }
        #expect(
            error?.all.map { "\($0.location) \($0.field)" } == [
                "/etc/belay/belay.yaml:3:17 allowedSigners", "/etc/belay/belay.yaml:4:11 policies",
                "/etc/belay/belay.yaml:5:1 inventory", "/etc/belay/belay.yaml:6:15 log.origin",
                "/etc/belay/belay.yaml:6:31 log.directory", "/etc/belay/belay.yaml:6:43 log.key",
            ])
    }
}
