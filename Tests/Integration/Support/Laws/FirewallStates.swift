import Core
import Foundation
import RandomStates

/// Rulesets of both families in nat, filter, mangle and raw, with counters, loaded into a node's kernel.
enum FirewallStates {
    static let flush: StateGenerator = { random in
        if random.chance(30) { return fullFlush(&random) }
        return RandomState(
            arguments: random.chance(50) ? [:] : ["policy": .text(random.pick(["accept", "keep"]))],
            prepare: load(&random), truth: rules, clean: clean, also: countersAreKept)
    }

    /// A unit stands in for kube-proxy: it writes one Service's rules, and the Service's connections are taken by systemd.
    private static func fullFlush(_ random: inout SeededGenerator) -> RandomState {
        let ours = random.some(of: [
            "iptables -A INPUT -s 10.9.0.1 -j DROP",
            "iptables -N OURS && iptables -A OURS -j RETURN && iptables -A FORWARD -j OURS",
            "iptables -t nat -A POSTROUTING -s 10.9.0.0/16 -j MASQUERADE",
            "ip6tables -A INPUT -p udp --dport 9 -j DROP",
            "iptables -t nat -N CNI-1 && iptables -t nat -A POSTROUTING -s 10.9.0.2 -j CNI-1",
            "iptables -t mangle -N KUBE-PROXY-CANARY",
            "ip6tables -t nat -N cali-x && ip6tables -t nat -A OUTPUT -j cali-x",
        ])
        var state = RandomState(
            arguments: ["full": .text("true"), "limit": .text("20")],
            prepare: """
                nft flush ruleset
                \(ours.joined(separator: "\n"))
                \(kubeProxy)
                """,
            truth: rules, clean: "\(endKubeProxy)\n\(clean)")
        if random.chance(30) { state.arguments["policy"] = .text(random.pick(["accept", "keep"])) }
        if random.chance(30) { state.arguments["service"] = .text("10.96.0.1:443") }
        if random.chance(20) {
            // What is damaged comes back whole, and undo leaves it so.
            state.prepare += "\niptables -t nat -I KUBE-SERVICES -j RETURN"
            state.truth = "{ \(rules)\n} | grep -v 'KUBE-SERVICES -j RETURN'"
        } else if random.chance(20) {
            let (since, service) = random.pick([
                (endKubeProxy, nil), ("iptables -t nat -F KUBE-SERVICES", nil),
                ("", ArgumentValue.text("kubernetes:443")),
            ])
            state.prepare += "\n\(since)"
            state.arguments["service"] = service
            state.ending = .refused
        }
        return state
    }

    private static let kubeProxy = """
        \(endKubeProxy)
        ip addr add 10.96.0.1/32 dev lo
        mkdir -p /run/law
        cat >/run/law/rules <<'END'
        *nat
        :KUBE-SERVICES - [0:0]
        :KUBE-POSTROUTING - [0:0]
        :KUBE-SVC-1 - [0:0]
        -A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-1
        -A KUBE-SVC-1 -p tcp -j REDIRECT --to-ports 4713
        -I PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -I OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -I POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
        COMMIT
        END
        cd /run/systemd/system || exit
        printf '[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=%s --noflush /run/law/rules\\n' \
          "$(command -v iptables-restore)" >kube-proxy.service
        printf '[Socket]\\nListenStream=0.0.0.0:4713\\nAccept=yes\\n' >law-service.socket
        printf '[Service]\\nExecStart=/bin/true\\n' >law-service@.service
        systemctl daemon-reload && systemctl start law-service.socket kube-proxy.service || exit
        """

    private static let endKubeProxy = """
        systemctl stop kube-proxy.service law-service.socket 2>/dev/null
        rm -rf /run/law /run/systemd/system/kube-proxy.service /run/systemd/system/law-service*
        systemctl daemon-reload
        ip addr del 10.96.0.1/32 dev lo 2>/dev/null; true
        """

    static let restore: StateGenerator = { random in
        let since = random.pick([
            "", load(&random), load(&random), load(&random), damage(&random), damage(&random), damage(&random),
        ])
        var state = RandomState(
            arguments: ["snapshot": .text("law")], prepare: "\(load(&random))\n\(keep)\n\(since)",
            truth: "{ \(rules)\n} | grep -v KUBE-LATER", clean: clean, also: countersAreKept)
        if random.chance(60) { state.arguments["added"] = .text(random.pick(["keep", "remove"])) }
        if random.chance(30) { state.meanwhile = kubeProxyGoesOn }
        if random.chance(15) { refuse(&state, &random) }
        return state
    }

    private static let keep = """
        mkdir -p -m 700 \(folder)
        iptables-save -c >\(folder)/law.v4; ip6tables-save -c >\(folder)/law.v6
        """

    /// What happened since: flushes, some of which leave the chains there, and rules of others.
    private static func damage(_ random: inout SeededGenerator) -> String {
        let tool = random.pick(["iptables", "ip6tables"])
        let steps = [
            "iptables -F", "iptables -t nat -F", "iptables -t nat -F && iptables -t nat -X",
            "ip6tables -F && ip6tables -X",
            "iptables -t nat -F OUTPUT", "\(tool) -t mangle -F FORWARD", "iptables -P INPUT DROP", "\(tool) -D INPUT 1",
            "\(tool) -I INPUT -p udp --dport 4711 -j DROP", "\(tool) -N SINCE && \(tool) -A FORWARD -j SINCE",
            "iptables -t nat -N KUBE-SINCE && iptables -t nat -A OUTPUT -j KUBE-SINCE",
            "\(tool) -t raw -A PREROUTING -p udp --dport 4711 -j NOTRACK",
            "iptables -A USER -p udp --dport 4711 -j RETURN", "iptables -t nat -A KUBE-SERVICES -j RETURN",
        ]
        return random.some(of: steps).map { "{ \($0); } 2>/dev/null" }.joined(separator: "\n") + "\ntrue"
    }

    private static let kubeProxyGoesOn = """
        case $1 in
          meanwhile) iptables -t nat -N KUBE-LATER && iptables -t nat -I OUTPUT -j KUBE-LATER ;;
          after) iptables -t nat -C OUTPUT -j KUBE-LATER ;;
        esac
        """

    private static func refuse(_ state: inout RandomState, _ random: inout SeededGenerator) {
        let (before, since) = random.pick([
            // Another version wrote it, and something was added since.
            ("", "sed -i 's/ v1[^ ]*/ v1.2.3/' \(folder)/law.v4; iptables -I INPUT -p udp --dport 4712 -j DROP"),
            // With both, two chains would lead to each other.
            (
                "iptables -N ONE; iptables -N TWO; iptables -A ONE -j TWO",
                "iptables -F ONE; iptables -A TWO -j ONE"
            ),
            ("", "rm \(folder)/law.v6"), ("", "echo x >>\(folder)/law.v4"),
            ("", "echo '*filter' >\(folder)/law.v4"),
            ("", "printf '*filter\\n-A GONE -j DROP\\nCOMMIT\\n' >\(folder)/law.v6"),
        ])
        state.arguments["added"] = .text("keep")
        state.prepare = "\(load(&random))\n\(before)\n\(keep)\n\(since)"
        state.ending = .refused
    }

    static let snapshot: StateGenerator = { random in
        let older = random.pick([
            "", "mkdir -p -m 700 \(folder); echo '# older' | tee \(folder)/law.v4 >\(folder)/law.v6",
            "mkdir -p -m 700 \(folder); iptables-save >\(folder)/law.v4",
        ])
        return RandomState(
            arguments: ["name": .text("law")], prepare: "\(load(&random))\numask 077\nrm -f \(folder)/*\n\(older)",
            truth:
                "\(rules)\ncd \(folder) 2>/dev/null || exit 0; stat -c '%n %a %u:%g' -- * 2>/dev/null; sha256sum -- * 2>/dev/null || true",
            clean: clean
        ) { course in
            // What is taken is what was there, but for the counters that go on.
            ["v4", "v6"].filter { ending in
                let taken = course.after.content("snapshot.\(ending)")?.text ?? "", saved = "ip\(ending).save"
                return counted(taken).map(\.rule) != counted(course.before.content(saved)?.text ?? "").map(\.rule)
            }.map { "the snapshot's \($0) rules are not those that were there" }
        }
    }

    // A node is left such that others can log in.
    private static let clean = "nft flush ruleset"

    private static let folder = "/var/lib/belay/snapshots"

    private static func load(_ random: inout SeededGenerator) -> String {
        let texts = [false, true].map { isV6 in
            var firewall = RandomFirewall(seed: random.next(), isV6: isV6)
            return Data(firewall.text().utf8).base64EncodedString()
        }
        // The first on a node without any table, as after a boot.
        return """
            nft flush ruleset
            echo \(texts[0]) | base64 -d | iptables-restore -c || exit
            \(random.chance(20) ? ":" : "echo \(texts[1]) | base64 -d | ip6tables-restore -c") || exit
            """
    }

    /// Every chain and rule without counters, by table and chain: which of them was made first is of no account.
    private static let rules = """
        for save in iptables-save ip6tables-save; do
          echo "$save"
          $save | awk '/^[*]/ { t = $1; next } /^:/ { if ($2 != "ACCEPT") print t, $1, $2; next } /^-A/ { print t, ":" $2, $0 }' | sort -s -k1,2
        done
        """

    // What is put back has at least the counts it had: packets that have come since count on. A plan may say that it cannot.
    @Sendable private static func countersAreKept(_ course: RandomState.Course) -> [String] {
        let isTold = course.notes.contains { $0.hasPrefix("ipv6: what is put back counts packets from 0") }
        return (isTold ? ["ipv4.save"] : ["ipv4.save", "ipv6.save"]).flatMap { field -> [String] in
            let (before, undone) = (course.before.content(field)?.text ?? "", course.undone.content(field)?.text ?? "")
            return zip(counted(before), counted(undone)).compactMap { old, new in
                old.rule == new.rule && old.packets <= new.packets
                    ? nil : "a counter was lost: \(old.packets) \(old.rule), now \(new.packets) \(new.rule)"
            }
        }
    }

    /// `[packets:bytes] -A …` lines with their table, by table and chain; a chain's rules in their order.
    private static func counted(_ save: String) -> [(rule: String, packets: Int)] {
        var table = ""
        var found: [(key: String, rule: String, packets: Int)] = []
        for line in save.split(separator: "\n") {
            if line.hasPrefix("*") { table = String(line) }
            // What kube-proxy wrote in between is there besides.
            guard line.hasPrefix("["), !line.contains("KUBE-LATER"), let end = line.firstIndex(of: "]") else {
                continue
            }
            let rule = line[line.index(end, offsetBy: 2)...]
            let chain = rule.split(separator: " ", maxSplits: 2)[1]
            let packets = line.dropFirst().prefix { $0 != ":" }
            found.append(("\(table) \(chain)", "\(table) \(rule)", Int(packets) ?? -1))
        }
        // Stable: by key, then as they stood.
        return found.enumerated().sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }
            .map { ($0.element.rule, $0.element.packets) }
    }
}
