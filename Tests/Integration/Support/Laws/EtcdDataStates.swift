import Core
import Foundation
import RandomStates

/// A static pod's etcd, which is Debian's, and an API server beside it that does nothing. No kubelet that runs pods is on these nodes:
/// a unit of systemd stands in for it, which stops what has no manifest and starts what has one, in control groups that are named like
/// the pods'. A real kubelet is in `EtcdTests`.
enum EtcdDataStates {
    static let restore: StateGenerator = { random in
        let snapshot =
            "/srv/law-etcd.snapshots/" + random.pick(["good.db", "it-is.1", "$(x).db", "with space", "ünï.db"])
        var state = state(
            ["snapshot": .text(snapshot), "limit": .text("30")], &random,
            between: """
                mkdir -m 700 /srv/law-etcd.snapshots
                e snapshot save \(quoted(snapshot)) >/dev/null && chmod 600 \(quoted(snapshot)) || exit
                \(random.chance(50) ? "printf 'sha256=%s\\n' \"$(sha256sum <\(quoted(snapshot)) | cut -c 1-64)\" >\(quoted(snapshot + ".about"))" : "")
                \(writing(&random))
                \(random.chance(25) ? "mkdir -m 700 /srv/law-etcd/belay-old-0123456789abcdef" : "")
                """)
        guard state.ending != .refused else { return state }
        refuse(
            &state, &random,
            by: [
                "chmod 666 \(quoted(snapshot))", "rm \(quoted(snapshot))", "chown 1000 \(quoted(snapshot))",
                "mv \(quoted(snapshot)) /srv/law.db; ln -s /srv/law.db \(quoted(snapshot))",
                "echo sha256=0 >\(quoted(snapshot + ".about"))",
                // Who the members are is not known without it.
                "rm \(manifests)/kube-apiserver.yaml; sleep 1",
            ])
        return state
    }

    static let move: StateGenerator = { random in
        let to = "/srv/law-new/" + random.pick(["etcd", "a.b", "A_b-c/d"])
        var state = state(
            ["to": .text(to), "limit": .text("30")], &random,
            between: "install -d -m 0700 -o root -g root \(to)\n\(writing(&random))")
        state.truth += "\nfind /srv/law-new | sort; stat -c '%a %u:%g' \(to)"
        guard state.ending != .refused else { return state }
        // What is written there goes along with undo, so it is the same keys that are read, and no older revision.
        refuse(
            &state, &random,
            by: [
                "chmod 755 \(to)", "touch \(to)/x", "rmdir \(to)", "chown 1000 \(to)",
                "mount -t tmpfs -o mode=0700 law \(to)",
                "mv \(to) /srv/law.to; ln -s /srv/law.to \(to)",
            ])
        return state
    }

    private static let manifests = "/etc/kubernetes/manifests"
    private static let pod = "0123456789abcdef0123456789abcdef"

    private static func refuse(_ state: inout RandomState, _ random: inout SeededGenerator, by ways: [String]) {
        let common = [
            "systemctl stop kubelet", "mkdir -p \(aside); touch \(aside)/etcd.yaml",
            "sed -i 's,--data-dir,--wal-dir=/srv/x --data-dir,' \(manifests)/etcd.yaml; sleep 1",
        ]
        guard random.chance(20) else { return }
        state.prepare += "\n" + random.pick(ways + common)
        state.ending = .refused
        state.truth = "true"
    }

    private static let aside = "/etc/kubernetes/belay-etcd"

    private static func state(
        _ arguments: [String: ArgumentValue], _ random: inout SeededGenerator, between: String
    ) -> RandomState {
        // An etcd that systemd starts is no static pod.
        let isPod = !random.chance(8)
        let mode = random.pick(["600", "640", "644"])
        return RandomState(
            arguments: arguments,
            prepare: """
                \(clean)
                \(tools)
                mkdir -p \(manifests) && install -d -m 0700 /srv/law-etcd /srv/law-kubelet
                cat >/srv/law-kubelet/run <<'EOF'
                \(kubelet)
                EOF
                cat >/srv/law-kubelet/etcd <<'EOF'
                \(etcd)
                EOF
                \(unit("etcd", "ExecStart=/bin/sh /srv/law-kubelet/etcd"))
                \(unit("kube-apiserver", "ExecStart=@/bin/sh kube-apiserver -c 'sleep infinity & wait' sh --secure-port=0"))
                printf '[Service]\\nExecStart=/bin/sh /srv/law-kubelet/run\\nKillMode=process\\n' >/run/systemd/system/law-kubelet.service
                systemctl daemon-reload && systemctl start law-kubelet || exit
                printf %s \(base64(manifest(&random))) | base64 -d >/srv/law.yaml
                chmod \(mode) /srv/law.yaml && mv /srv/law.yaml \(manifests)/etcd.yaml
                echo api >\(manifests)/kube-apiserver.yaml
                until_well || exit
                \(writing(&random))
                \(between)
                \(isPod ? "" : "mv \(manifests)/etcd.yaml /srv/law.etcd.yaml; sleep 1")
                true
                """,
            truth: """
                \(tools)
                until_well
                e get '' --prefix; e endpoint status -w json | sed 's/.*\\(\\"member_id\\":[0-9]*\\).*/\\1/'
                ls -A \(manifests) /etc/kubernetes; stat -c '%n %a %u:%g' \(manifests)/*.yaml
                sha256sum \(manifests)/*.yaml
                ls -A /srv/law-etcd | grep -v belay-undone
                """, ending: isPod ? .asPredicted : .refused, clean: clean + "\nsystemctl start kubelet")
    }

    private static func writing(_ random: inout SeededGenerator) -> String {
        (0..<random.number(1...5)).map { _ in
            "e put k\(random.number(1...4)) \(random.number(1...1_000_000)) >/dev/null"
        }.joined(separator: "\n")
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// As kubeadm writes it.
    private static func manifest(_ random: inout SeededGenerator) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: etcd
          namespace: kube-system
        spec:
          containers:
          - command:
            - etcd
            - --advertise-client-urls=http://127.0.0.1:2379
            - --data-dir=/var/lib/etcd
            - --initial-advertise-peer-urls=http://127.0.0.1:2380
            - --initial-cluster=law=http://127.0.0.1:2380
            - --listen-client-urls=http://127.0.0.1:2379
            - --listen-metrics-urls=http://127.0.0.1:2391
            - --listen-peer-urls=http://127.0.0.1:2380
            - --name=law
            - --unsafe-no-fsync
        \(random.chance(30) ? "    - --initial-cluster-token=law-1\n" : "")    image: x/etcd:1   # ünï
            livenessProbe:
              httpGet:
                path: /health
            name: etcd
            volumeMounts:
            - mountPath: /var/lib/etcd
              name: etcd-data
          volumes:
          - hostPath:
              path: /srv/law-etcd
        \(random.chance(70) ? "      type: DirectoryOrCreate\n" : "")    name: etcd-data
        status: {}

        """
    }

    /// What has a manifest runs as it says, what has none does not.
    private static let kubelet = """
        cd /srv/law-kubelet
        while sleep 0.2; do
          for name in etcd kube-apiserver; do
            now=$(sha256sum <\(manifests)/$name.yaml 2>/dev/null)
            [ "$now" != "$(cat was-$name 2>/dev/null)" ] || continue
            systemctl stop law-$name
            [ -z "$now" ] || systemctl start law-$name
            echo "$now" >was-$name
          done
        done
        """

    /// Where its container would see the folder under another name it is told the folder itself.
    private static let etcd = """
        file=\(manifests)/etcd.yaml
        folder=$(sed -n 's,^ *path: \\(/srv/.*\\),\\1,p' $file)
        exec /usr/bin/etcd $(sed -n 's/^ *- --/--/p' $file | grep -v '^--data-dir=') --data-dir="$folder"
        """

    private static func unit(_ name: String, _ start: String) -> String {
        """
        cat >/run/systemd/system/law-\(name).service <<'EOF'
        [Unit]
        StartLimitIntervalSec=0
        [Service]
        Slice=kubepods-pod\(pod).slice
        \(start)
        Restart=always
        RestartSec=300ms
        EOF
        """
    }

    private static let tools = """
        export ETCDCTL_API=3
        e() { etcdctl --endpoints=http://127.0.0.1:2379 "$@"; }
        until_well() {
          for i in $(seq 100); do
            if e endpoint health >/dev/null 2>&1 && systemctl -q is-active law-kube-apiserver; then return; fi
            sleep 0.1
          done
          return 1
        }
        """

    private static let clean = """
        systemctl stop law-kubelet law-etcd law-kube-apiserver 2>/dev/null
        umount /srv/law-new/*/d /srv/law-new/* 2>/dev/null
        rm -rf /srv/law* \(aside) /run/systemd/system/law-* \(manifests)/etcd.yaml \(manifests)/kube-apiserver.yaml
        systemctl daemon-reload
        systemctl reset-failed 'law*' 2>/dev/null; true
        """
}
