import Core
import RandomStates

/// Units of every type and in every state that systemd has: up, stopped, failed, in a crash loop, enabled in each way,
/// masked, with drop-ins, under other names.
enum ServiceStates {
    static let restart: StateGenerator = { random in state(&random) { $0.ending } }

    static let start: StateGenerator = { random in state(&random) { $0.endsByItself ? .refused : $0.ending } }

    // What fails can be stopped as well as what runs; what is another's to have up cannot.
    static let stop: StateGenerator = { random in
        let isNeeded = random.chance(15)
        return state(&random, isNeeded: isNeeded) { kind in
            if kind.ending == .refused { return .refused }
            return isNeeded && kind.isKeptUp ? .refused : .asPredicted
        }
    }

    /// - Parameter isNeeded: whether another unit requires it, and is up.
    private static func state(
        _ random: inout SeededGenerator, isNeeded: Bool = false, ending: (Kind) -> RandomState.Ending
    ) -> RandomState {
        let name = random.pick(["law-unit", "law_1.x", "law:a", "law@a-b", "law"])
        let kind = random.pick(kinds)
        // An instance of a template has no alias of its own.
        let isAliased = random.chance(20) && !name.contains("@")
        var state = RandomState(
            arguments: ["service": .text((isAliased ? "law-alias" : name) + random.pick(["", ".service"]))],
            prepare: """
                \(clean)
                mkdir -p /etc/systemd/system/\(name).service.d
                cat >/etc/systemd/system/\(name).service <<'EOF'
                [Unit]
                Description=law "ü" 100%%
                \(kind.unit)
                [Service]
                \(kind.service)
                \(install(&random, isAliased))
                EOF
                \(dropIns(of: name, &random))
                systemctl daemon-reload
                \(enabling(name, isAliased, &random))
                u=\(quoted(name)).service
                \(kind.make)
                \(isNeeded && kind.isKeptUp ? needing(name) : "")
                \(random.chance(10) ? "echo '# not yet read' >>/etc/systemd/system/\(name).service" : "")
                true
                """,
            truth: truth(of: name, isSteady: kind.isSteady), ending: ending(kind), clean: clean)
        if kind.ending == .refused, random.chance(50) { state.arguments["service"] = .text("law-no-such-unit") }
        return state
    }

    private struct Kind {
        var service: String
        var unit = ""
        /// Brings `$u` into its state.
        var make: String
        var ending = RandomState.Ending.asPredicted
        /// Whether it comes back to the very state; what was failing may be healthy, or fail again.
        var isSteady = true

        /// Up, and steadily so.
        var isKeptUp: Bool { isSteady && make == up && !endsByItself }
        /// Never found up once its work is done.
        var endsByItself: Bool { service.contains("Type=oneshot") && !service.contains("RemainAfterExit=yes") }
    }

    private static let up = "systemctl start \"$u\"", stopped = ":"
    private static let failed = "systemctl start \"$u\"; \(wait("systemctl is-failed \"$u\""))"
    private static let sleeping = "ExecStart=/bin/sleep infinity"
    // Fails until somebody has cured it.
    private static let sick = "ExecStart=/bin/sh -c 'test -e /run/law-cured && exec sleep infinity'"
    private static let cure = "; touch /run/law-cured"

    private static let kinds = [
        Kind(service: sleeping, make: up), Kind(service: sleeping, make: stopped),
        Kind(service: "Type=exec\n\(sleeping)\nRestart=always", make: up),
        Kind(service: "Type=exec\n\(sleeping)", make: stopped),
        Kind(service: notifying, make: up), Kind(service: notifying, make: stopped),
        Kind(service: "Type=forking\nExecStart=/bin/sh -c 'sleep infinity &'", make: up),
        Kind(service: "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true", make: up),
        Kind(service: "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true", make: stopped),
        Kind(service: "Type=oneshot\nExecStart=/bin/true", make: stopped),
        Kind(service: "Type=oneshot\nExecStart=/bin/true", make: up),
        Kind(
            service: "Type=oneshot\nExecStart=/bin/sh -c 'test -e /run/law-cured'", make: failed + cure, isSteady: false
        ),
        // Ends with a status of its own when it is told to.
        Kind(service: "ExecStart=/bin/sh -c 'trap \"exit 3\" TERM; sleep infinity & wait'", make: stopped),
        Kind(service: "ExecStart=/bin/sh -c 'trap \"exit 3\" TERM; sleep infinity & wait'", make: up),
        Kind(service: "ExecStart=/bin/false", make: failed, ending: .open, isSteady: false),
        Kind(service: "Type=exec\nExecStart=/no/such/program", make: failed, ending: .open, isSteady: false),
        Kind(service: sick, make: failed + cure, isSteady: false),
        Kind(service: sick, make: failed, ending: .open, isSteady: false),
        Kind(
            service: "Restart=always\nRestartSec=100ms\nExecStart=/bin/false", unit: "StartLimitIntervalSec=0",
            make: "\(up); sleep 1", ending: .open, isSteady: false),
        Kind(
            service: "Restart=always\nRestartSec=0\n\(sick)", unit: "StartLimitBurst=2",
            make: "\(up); \(wait("systemctl show -p Result \"$u\" | grep -q start-limit"))\(cure)", isSteady: false),
        // A file of the unit is where the link would be.
        Kind(
            service: sleeping, make: "rm /etc/systemd/system/$u; systemctl mask \"$u\"", ending: .refused),
        Kind(service: "", make: stopped, ending: .refused),
    ]

    private static let notifying =
        "Type=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'systemd-notify --ready; exec sleep infinity'"

    private static func needing(_ name: String) -> String {
        """
        printf '[Unit]\\nRequires=%s\\nAfter=%s\\n[Service]\\nExecStart=/bin/sleep infinity\\n' "$u" "$u" \
          >/etc/systemd/system/law-needs.service
        systemctl daemon-reload; systemctl start law-needs.service
        """
    }

    private static func wait(_ condition: String) -> String {
        "for i in $(seq 50); do if \(condition) >/dev/null; then break; fi; sleep 0.1; done"
    }

    private static func install(_ random: inout SeededGenerator, _ isAliased: Bool) -> String {
        if isAliased { return "[Install]\nWantedBy=multi-user.target\nAlias=law-alias.service" }
        // Without one it is static.
        return random.chance(30) ? "" : "[Install]\nWantedBy=multi-user.target"
    }

    private static func enabling(_ name: String, _ isAliased: Bool, _ random: inout SeededGenerator) -> String {
        let how = isAliased ? "enable" : random.pick(["enable", "enable --runtime", "disable", ""])
        return how.isEmpty ? "" : "systemctl \(how) \(quoted(name + ".service")) 2>/dev/null"
    }

    private static func dropIns(of name: String, _ random: inout SeededGenerator) -> String {
        random.some(of: ["etc/systemd", "run/systemd"]).map { root in
            let folder = "/\(root)/system/\(name).service.d"
            return "mkdir -p \(folder); printf '[Service]\\nEnvironment=\"A=%s\"\\n' 'b c' >\(folder)/10-law.conf"
        }.joined(separator: "\n")
    }

    private static let clean = """
        systemctl stop 'law*' 2>/dev/null
        rm -rf /etc/systemd/system/law* /run/systemd/system/law* /etc/systemd/system/*.wants/law* \
          /run/systemd/system/*.wants/law* /run/law-cured
        systemctl daemon-reload
        systemctl reset-failed 'law*' 2>/dev/null; true
        """

    private static func truth(of name: String, isSteady: Bool) -> String {
        let unit = quoted(name + ".service")
        let active = isSteady ? ",ActiveState,SubState" : ""
        return """
            systemctl show -p Id,Names,LoadState,UnitFileState,FragmentPath,DropInPaths\(active) \(unit)
            find /etc/systemd/system /run/systemd/system -name '*law*' | sort
            find /etc/systemd/system /run/systemd/system -path '*law*' -type f -exec sha256sum {} + | sort
            """
    }
}
