import Core
import RandomStates

/// Debian's etcd, alone, with keys that were written over and over: plain or with TLS, set up by flags or by its environment,
/// and what an action must refuse.
enum EtcdStates {
    static let snapshot: StateGenerator = { random in
        var state = state(["name": .text(random.pick(["law", "law.1", "law_a-b"]))], writing(&random), &random)
        guard state.ending != .refused else { return state }
        if random.chance(10), case .text(let name)? = state.arguments["name"] {
            state.prepare += "\nmkdir -p -m 700 \(folder); echo old >\(folder)/\(name).db"
            state.ending = .refused
        }
        state.truth +=
            "\ncd \(folder) 2>/dev/null || exit 0; stat -c '%n %a %u:%g' -- *; sha256sum -- * 2>/dev/null; ls -A"
        state.also = { course in
            // What is taken is not older than what was there.
            let (before, taken) = (course.before.text("revision"), course.after.text("snapshot.revision"))
            return before.flatMap(Int.init) ?? 0 <= taken.flatMap(Int.init) ?? 0
                ? [] : ["the snapshot is of revision \(taken ?? ""), and \(before ?? "") was there"]
        }
        return state
    }

    static let defrag: StateGenerator = { random in
        let compacts = random.chance(50)
        var text = writing(&random)
        if random.chance(60) { text += "\ne compact --physical \"$(revision)\"" }
        if random.chance(20) { text += "\nalarm NOSPACE" }
        var state = state(compacts ? ["compact": .flag(true)] : [:], text, &random)
        // With little free inside there is nothing to do, and nothing to refuse.
        if compacts, random.chance(15) {
            if state.ending != .refused { state.prepare += "\nalarm CORRUPT" }
            state.ending = .refused
        }
        state.also = { course in
            let sizes = [course.before, course.after].map { $0.text("dbSize").flatMap(Int.init) ?? 0 }
            return sizes[1] <= sizes[0] ? [] : ["the database grew from \(sizes[0]) to \(sizes[1]) bytes"]
        }
        return state
    }

    static let disarm: StateGenerator = { random in
        let alarm = random.pick(["NOSPACE", "NOSPACE", "NOSPACE", "", "CORRUPT"])
        var state = state([:], writing(&random) + (alarm.isEmpty ? "" : "\nalarm \(alarm)"), &random, tls: false)
        if alarm == "CORRUPT" { state.ending = .refused }
        return state
    }

    private static let folder = "/var/lib/belay/snapshots"

    private static func state(
        _ arguments: [String: ArgumentValue], _ text: String, _ random: inout SeededGenerator, tls: Bool = true
    ) -> RandomState {
        let hasTLS = tls && random.chance(40)
        let flags = [
            "--data-dir=/srv/law-etcd", "--unsafe-no-fsync",
            "--listen-client-urls=\(hasTLS ? "https" : "http")://127.0.0.1:2379",
            "--advertise-client-urls=\(hasTLS ? "https" : "http")://127.0.0.1:2379",
        ]
        let secure = hasTLS ? "TLS=1\npki" : "TLS="
        let start = random.chance(30) && !hasTLS ? byEnvironment : byFlags(flags, hasTLS)
        var state = RandomState(
            arguments: arguments, prepare: "\(tools)\n\(clean)\n\(secure)\n\(start) || exit\n\(text)\ntrue",
            truth: "\(tools)\nTLS=\(hasTLS ? "1" : "")\ne get '' --prefix; e member list", clean: clean)
        if random.chance(12) {
            state.ending = .refused
            state.prepare +=
                "\n"
                + random.pick([
                    "systemctl stop law-etcd",
                    // Another one beside it, which nobody is sure not to mean.
                    """
                    systemd-run --quiet --collect --unit=law-etcd2 --property=Type=notify etcd --data-dir=/srv/law-etcd2 \\
                      --listen-client-urls=http://127.0.0.1:3379 --advertise-client-urls=http://127.0.0.1:3379 \\
                      --listen-peer-urls=http://127.0.0.1:3380 --initial-advertise-peer-urls=http://127.0.0.1:3380 \\
                      --initial-cluster=default=http://127.0.0.1:3380
                    """,
                ])
            state.truth = "true"
        }
        return state
    }

    private static func byFlags(_ flags: [String], _ hasTLS: Bool) -> String {
        let secure = hasTLS ? ["cert-file=$P/server.crt", "key-file=$P/server.key", "trusted-ca-file=$P/ca.crt"] : []
        let words = flags + secure.map { "--\($0)" } + (hasTLS ? ["--client-cert-auth"] : [])
        return "\(started) etcd \(words.joined(separator: " "))"
    }

    private static let started = "systemd-run --quiet --collect --unit=law-etcd --property=Type=notify"
    private static let byEnvironment =
        "\(started) --setenv=ETCD_DATA_DIR=/srv/law-etcd --setenv=ETCD_QUOTA_BACKEND_BYTES=1000000000 etcd --unsafe-no-fsync"

    private static func writing(_ random: inout SeededGenerator) -> String {
        (0..<random.number(1...20)).map { _ in
            "value \(random.number(1...60_000)) | e put k\(random.number(1...4)) >/dev/null"
        }.joined(separator: "\n")
    }

    private static let tools = #"""
        P=/srv/law-etcd.pki
        export ETCDCTL_API=3
        e() {
          if [ -n "$TLS" ]; then
            etcdctl --endpoints=https://127.0.0.1:2379 --cacert="$P/ca.crt" --cert="$P/server.crt" --key="$P/server.key" "$@"
          else etcdctl --endpoints=http://127.0.0.1:2379 "$@"; fi
        }
        value() { head -c "$1" /dev/urandom | base64 -w 0; }
        number() { e endpoint status -w json | sed "s/.*\"$1\":\([0-9]*\).*/\1/"; }
        revision() { number revision; }
        # No client has a word for it, but the gateway takes the request as etcd's own code makes it.
        alarm() {
          set -- "$1" https://127.0.0.1:2379/v3/maintenance/alarm "{\"action\":\"ACTIVATE\",\"memberID\":\"$(number member_id)\",\"alarm\":\"$1\"}"
          if [ -n "$TLS" ]; then
            curl -sf --cacert "$P/ca.crt" --cert "$P/server.crt" --key "$P/server.key" -d "$3" "$2" >/dev/null
          else curl -sf -d "$3" "http${2#https}" >/dev/null; fi
        }
        pki() {
          mkdir -p "$P"
          openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$P/ca.key" -out "$P/ca.crt" -days 2 -subj /CN=ca
          openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$P/server.key" -out "$P/request" -subj /CN=law
          echo subjectAltName=IP:127.0.0.1 >"$P/names"
          openssl x509 -req -in "$P/request" -CA "$P/ca.crt" -CAkey "$P/ca.key" -set_serial 1 -days 2 -extfile "$P/names" -out "$P/server.crt"
        } 2>/dev/null
        """#

    private static let clean = """
        systemctl stop law-etcd law-etcd2 2>/dev/null
        systemctl reset-failed law-etcd law-etcd2 2>/dev/null
        rm -rf /srv/law-etcd /srv/law-etcd2 /srv/law-etcd.pki \(folder)/law*
        """
}
