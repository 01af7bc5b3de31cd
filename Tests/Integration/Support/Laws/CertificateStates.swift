import Core
import RandomStates

/// `/etc/kubernetes` as kubeadm makes it, with odd modes and owners and parts missing; and a stand-in for kubeadm that signs
/// anew by openssl, or dies half-way. The real one is in `CertificateTests`.
enum CertificateStates {
    static let renew: StateGenerator = { random in
        let name = random.chance(60) ? "all" : random.pick(pairs.keys.sorted())
        let present = Set(pairs.keys.filter { _ in random.chance(85) })
        let dies = random.chance(25)
        let odd = random.some(of: pairs.keys.sorted()).filter(present.contains).flatMap { key in
            let file = "\(root)/pki/\(pairs[key] ?? key)." + random.pick(["crt", "key"])
            return [
                "chown \(random.number(0...70_000)):\(random.number(0...70_000)) \(file)",
                "chmod \(random.pick(["600", "640", "644", "400", "660"])) \(file)",
            ]
        }
        var state = RandomState(
            arguments: name == "all" && random.chance(50) ? [:] : ["certificate": .text(name)],
            prepare: """
                \(clean)
                \(ours)
                \(signing)
                mkdir -p \(root)/pki/etcd && cd \(root)/pki || exit
                for ca in ca etcd/ca front-proxy-ca; do authority $ca; done
                \(present.sorted().map { "pair \(pairs[$0] ?? $0) \(authority(of: $0)) 5" }.joined(separator: "\n"))
                for name in admin controller-manager scheduler kubelet; do kubeconfig $name 5; done
                \(odd.joined(separator: "\n"))
                cat >/usr/local/bin/kubeadm <<'EOF'
                #!/bin/sh
                \(kubeadm(dies: dies))
                EOF
                chmod 755 /usr/local/bin/kubeadm
                """,
            // What others do to the kubelet's is theirs.
            truth: """
                cd \(root) && find . -path ./manifests -prune -o -print | sort | xargs stat -c '%n %F %a %u:%g'
                find . -path ./manifests -prune -o -type f ! -name kubelet.conf -print | sort | xargs sha256sum
                """,
            ending: dies ? .open : .asPredicted,
            meanwhile: """
                if [ "$1" = after ]; then grep -q '^# mine' \(root)/kubelet.conf; else echo '# mine' >>\(root)/kubelet.conf; fi
                """,
            clean: clean)
        refuse(&state, name, present, &random)
        return state
    }

    /// What must be refused, for what is asked for.
    private static func refuse(
        _ state: inout RandomState, _ name: String, _ present: Set<String>, _ random: inout SeededGenerator
    ) {
        if name != "all", !present.contains(name) { state.ending = .refused }
        guard random.chance(12), let one = name == "all" ? present.sorted().first : name, present.contains(one) else {
            return
        }
        let path = pairs[one] ?? one
        state.prepare +=
            "\n"
            + random.pick([
                "mkdir -p /etc/rancher", "rm /usr/local/bin/kubeadm", "rm \(root)/pki/\(authority(of: one)).key",
                "rm \(root)/pki/\(path).key",
                "mv \(root)/pki/\(path).crt /srv/law.crt; ln -s /srv/law.crt \(root)/pki/\(path).crt",
                "echo broken >\(root)/pki/\(path).key",
                "echo '[Service]' >/run/systemd/system/salt-minion-rafay.service",
            ])
        state.ending = .refused
    }

    private static let root = "/etc/kubernetes"

    /// kubeadm's names, and the files under `pki`.
    private static let pairs = [
        "apiserver": "apiserver", "apiserver-kubelet-client": "apiserver-kubelet-client",
        "apiserver-etcd-client": "apiserver-etcd-client", "front-proxy-client": "front-proxy-client",
        "etcd-server": "etcd/server", "etcd-peer": "etcd/peer", "etcd-healthcheck-client": "etcd/healthcheck-client",
    ]

    private static func authority(of name: String) -> String {
        if name == "front-proxy-client" { return "front-proxy-ca" }
        return name.contains("etcd") ? "etcd/ca" : "ca"
    }

    /// Writes over what is there, as the real one does.
    private static func kubeadm(dies: Bool) -> String {
        let all = pairs.keys.sorted().map { "\($0)) one \(pairs[$0] ?? $0) \(authority(of: $0)) ;;" }
        return """
            \(signing)
            cd \(root)/pki || exit
            one() { [ ! -e "$1.crt" ] || pair "$1" "$2" 20; }
            renew() { case $1 in
              \(all.joined(separator: "\n  "))
            esac; }
            if [ "$3" != all ]; then renew "$3"; exit \(dies ? 1 : 0); fi
            for name in \(pairs.keys.sorted().joined(separator: " ")); do renew "$name"; \(dies ? "exit 1" : ":"); done
            for name in admin controller-manager scheduler; do kubeconfig $name 20; done
            """
    }

    private static let signing = #"""
        new() { openssl "$@" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes 2>/dev/null; }
        authority() { new req -x509 -keyout "$1.key" -out "$1.crt" -days 30 -subj /CN=authority; }
        pair() {
          new req -keyout "$1.key" -out /srv/law.request -subj /CN=law &&
            openssl x509 -req -in /srv/law.request -CA "$2.crt" -CAkey "$2.key" -set_serial "$(date +%N | sed 's/^0*//')" \
              -days "$3" -out "$1.crt" 2>/dev/null
        }
        kubeconfig() {
          pair /srv/law.one ca "$2"
          printf 'users:\n- user:\n    client-certificate-data: %s\n    client-key-data: %s\n' \
            "$(base64 -w 0 /srv/law.one.crt)" "$(base64 -w 0 /srv/law.one.key)" >"../$1.conf"
          chmod 600 "../$1.conf"
        }
        """#

    // What nodes of an API have there is the testbed's.
    private static let clean = """
        if [ -d /srv/law.kept ]; then
          rm -rf \(root)/pki \(root)/*.conf && cp -a /srv/law.kept/. \(root)/ && rm -rf /srv/law.kept
        fi
        rm -rf /usr/local/bin/kubeadm /etc/rancher /run/systemd/system/salt-minion-rafay.service /srv/law.* \\
          /var/lib/belay/snapshots/certificates-*
        """

    private static let ours = "cp -a \(root) /srv/law.kept && rm -rf \(root)/pki \(root)/*.conf || exit"
}
