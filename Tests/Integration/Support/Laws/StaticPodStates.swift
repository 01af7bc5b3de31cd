import Core
import Foundation
import RandomStates

/// Manifests of static pods, and components that run. No control plane is on these nodes: a unit of systemd stands in for each,
/// in a control group that is named like the pod's, and systemd starts it again as a kubelet would.
enum StaticPodStates {
    static let edit: StateGenerator = { random in
        let component = random.pick(components)
        let isOwn = random.chance(60)
        let folder = isOwn ? "/srv/law" + random.pick(["/pods", " dir/pods", "-ünï"]) : manifests
        let path =
            isOwn ? folder + "/" + random.pick(["a.yaml", "it's.yml", "$(x).json"]) : "\(folder)/\(component).yaml"
        let old = manifest(of: component, &random)
        let isThere = random.chance(80)
        var (arguments, isLegal) = source(of: component, old: isThere ? old : nil, &random)
        if isOwn {
            arguments["path"] = .text(path)
        } else {
            arguments["component"] = .text(component)
            // No kubelet makes it a pod here.
            arguments["limit"] = .text("0")
        }
        let isLink = isThere && random.chance(6)
        return RandomState(
            arguments: arguments,
            prepare: """
                \(clean)
                set -e
                rm -rf /srv/law*
                mkdir -p \(quoted(folder))
                printf %s \(base64(manifest(of: component, &random))) | base64 -d >/srv/law.kept
                \(isThere ? FileStates.regular(quoted(path), &random) : "")
                \(isThere ? "printf %s \(base64(old)) | base64 -d >\(quoted(path))" : "")
                \(isLink ? "mv -T \(quoted(path)) /srv/law.other; ln -s /srv/law.other \(quoted(path))" : "")
                """,
            truth: """
                ls -A --quoting-style=escape \(quoted((folder as NSString).deletingLastPathComponent))
                sha256sum </srv/law.kept
                \(FileStates.truth(of: path, in: folder))
                """, ending: isLegal && !isLink ? .asPredicted : .refused, clean: clean)
    }

    static let restart: StateGenerator = { random in
        let kind = random.pick(kinds)
        let component = kind.answers == nil ? random.pick(components) : "etcd"
        var flags = component == "etcd" ? "" : "--secure-port=0"
        if kind.answers != nil { flags = "--listen-metrics-urls=http://127.0.0.1:2391,http://127.0.0.1:2392" }
        return RandomState(
            arguments: ["component": .text(component), "stable": .text("1"), "limit": .text("10")],
            prepare: """
                \(clean)
                mkdir -p \(manifests) /srv
                printf %s \(base64(manifest(of: component, &random))) | base64 -d >\(manifests)/\(component).yaml
                \(unit("law-static", component, flags, pod: random.pick(pods)))
                \(unit("law-other", component, flags, pod: random.pick(kind.isTwice ? pods : ofTheAPI)))
                \(health(kind.answers ?? "200"))
                systemctl daemon-reload
                systemctl start law-static law-other law-health.socket || exit
                \(kind.make.replacing("MANIFEST", with: "\(manifests)/\(component).yaml"))
                true
                """,
            truth: """
                cd \(manifests) && ls -A && sha256sum -- * 2>/dev/null
                ls -A /etc/kubernetes
                systemctl is-active law-static law-other kubelet
                """, ending: kind.ending, clean: clean + "\nsystemctl start kubelet")
    }

    private struct Kind {
        /// What etcd says of its health; nil where nobody is asked.
        var answers: String?
        /// Brings it into its state.
        var make = ":"
        var isTwice = false
        var ending = RandomState.Ending.asPredicted
    }

    private static let kinds = [
        Kind(), Kind(), Kind(), Kind(answers: "200"), Kind(answers: "200"), Kind(answers: "403"),
        // Ill before and after: the step fails, and what ran runs.
        Kind(answers: "503", ending: .open),
        Kind(make: "rm MANIFEST", ending: .refused), Kind(make: "systemctl stop law-static", ending: .refused),
        Kind(make: "systemctl stop kubelet", ending: .refused), Kind(isTwice: true, ending: .refused),
    ]

    private static let manifests = "/etc/kubernetes/manifests"
    private static let components = ["kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"]
    private static let pods = ["0123456789abcdef0123456789abcdef", "ffffffffffffffffffffffffffffffff"]
    // As the kubelet names it with systemd's driver.
    private static let ofTheAPI = ["01234567_89ab_cdef_0123_456789abcdef"]

    private static let clean = """
        systemctl stop law-static law-other law-health.socket 2>/dev/null
        rm -f /etc/systemd/system/law-* \(components.map { "\(manifests)/\($0).yaml" }.joined(separator: " "))
        systemctl daemon-reload
        systemctl reset-failed 'law*' 2>/dev/null; true
        """

    /// `@` makes the word behind the program its name; its flags stand behind the text, where it does not read them.
    private static func unit(_ name: String, _ component: String, _ flags: String, pod: String) -> String {
        """
        cat >/etc/systemd/system/\(name).service <<'EOF'
        [Unit]
        StartLimitIntervalSec=0
        [Service]
        Slice=kubepods-pod\(pod).slice
        ExecStart=@/bin/sh \(component) -c 'sleep infinity & wait' sh \(flags)
        Restart=always
        RestartSec=300ms
        EOF
        """
    }

    /// Answers each request alike.
    private static func health(_ code: String) -> String {
        """
        cat >/etc/systemd/system/law-health.socket <<'EOF'
        [Unit]
        StartLimitIntervalSec=0
        [Socket]
        ListenStream=127.0.0.1:2391
        Accept=yes
        TriggerLimitIntervalSec=0
        EOF
        cat >/etc/systemd/system/law-health@.service <<'EOF'
        [Service]
        ExecStart=/bin/sh /srv/law-health
        StandardInput=socket
        StandardOutput=socket
        EOF
        cat >/srv/law-health <<'EOF'
        while read -r line; do case $line in ?) break ;; esac; done
        printf 'HTTP/1.0 \(code) X\\r\\nContent-Length: 2\\r\\n\\r\\n{}'
        EOF
        """
    }

    /// As kubeadm writes it.
    private static func manifest(of component: String, _ random: inout SeededGenerator) -> String {
        let flags = random.some(of: ["--port=0", "--bind-address=127.0.0.1", "'--odd=a: b'", "\"--v=2\""])
        return """
            apiVersion: v1
            kind: Pod
            metadata:
              labels: {component: \(component)}
              name: \(component)
              namespace: kube-system
            spec:
              containers:
              - command:
                - \(component)
            \(flags.map { "    - \($0)\n" }.joined())    image: x/\(component):1
                name: \(component)   # ünï
            status: {}

            """
    }

    /// Where the new manifest comes from, and whether it may.
    private static func source(
        of component: String, old: String?, _ random: inout SeededGenerator
    ) -> ([String: ArgumentValue], Bool) {
        if random.chance(15) { return (["from": .text("/srv/law.kept")], true) }
        if random.chance(30) {
            let new = manifest(of: component, &random)
            // Where nothing is there, nothing of it can be another pod's.
            let bad = ["a: [b", "kind: Pod\n", new.replacing("kind: Pod", with: "kind: List"), new + "---\n" + new]
            return random.chance(80) ? (["content": .text(new)], true) : (["content": .text(random.pick(bad))], false)
        }
        let flag = random.pick(["--port", "--v", "--odd", "--no-such", "--bind-address"])
        if random.chance(40) { return (["unset": .text(flag)], old != nil) }
        let value = random.pick(["1", "", "a: b", "it's", "#x", "$(touch x)", "a:", "\"q\"", "ünï", "true"])
        return (["set": .text("\(flag)=\(value)")], old != nil)
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}
