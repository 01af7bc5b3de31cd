import Core
import RandomStates

/// Nodes with pods on them, in the real API, for `node.drain`.
///
/// There is no kubelet behind these nodes and no controller behind the pods: what runs, is ready or has ended is written into
/// their status, budgets are counted by the state, and where a pod has a grace period a stand-in for the kubelet ends it.
enum DrainStates {
    static let drain: StateGenerator = { random in
        let pods = (0..<random.number(0...4)).map { Pod(number: $0, kind: random.pick(Kind.allCases)) }
        let budget: Budget? = random.chance(40) ? random.pick(Budget.allCases) : nil
        let deletesData = random.chance(70)
        // One that never allows it is refused; one that may is waited for in vain, and not for long.
        let held = pods.contains { $0.kind == .replica } ? budget : nil
        var arguments: [String: ArgumentValue] = ["seconds": .text(held == .later ? "2" : "50")]
        if deletesData { arguments["emptyDir"] = .text("delete") }
        var state = ClusterStates.state(arguments, &random)
        let refuses =
            held == .never || pods.contains { $0.kind == .bare }
            || pods.contains { $0.kind == .data && !deletesData }
        state.ending = refuses ? .refused : held == .later ? .open : .asPredicted
        state.prepare += "\n" + prepare(pods, budget)
        // What is never evicted is there in the end as it was.
        state.truth += "\nk get pods -l law=\"$NODE\",stays=yes -o name | sort"
        state.clean = "\(ClusterStates.k)\n\(clean)\nk delete node \"$NODE\""
        return state
    }

    private enum Kind: CaseIterable {
        case replica, slow, going, stateful, job, daemon, mirror, ended, bare, data

        var stays: Bool { self == .daemon || self == .mirror || self == .ended }
    }

    private enum Budget: CaseIterable {
        case allows, later, never

        /// What its controller would have counted: allowed, healthy, desired, expected.
        var counts: (Int, Int, Int, Int) {
            switch self {
            case .allows: (9, 10, 1, 10)
            case .later: (0, 1, 1, 2)
            case .never: (0, 2, 2, 2)
            }
        }

        var create: String {
            let (allowed, healthy, desired, expected) = counts
            let counted = [
                #"s/"disruptionsAllowed": 0/"observedGeneration": 1, "disruptionsAllowed": \#(allowed)/"#,
                #"s/"currentHealthy": 0/"currentHealthy": \#(healthy)/"#,
                #"s/"desiredHealthy": 0/"desiredHealthy": \#(desired)/"#,
                #"s/"expectedPods": 0/"expectedPods": \#(expected)/"#,
            ].joined(separator: "; ")
            return """
                k create -f - <<EOF || exit
                {"apiVersion":"policy/v1beta1","kind":"PodDisruptionBudget","metadata":{"name":"$NODE","labels":{"law":"$NODE"}},
                "spec":{"maxUnavailable":1,"selector":{"matchLabels":{"law":"$NODE","app":"web"}}}}
                EOF
                k get pdb "$NODE" -o json | sed '\(counted)' |
                  k replace --raw "/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets/$NODE/status" -f - || exit
                """
        }
    }

    private struct Pod {
        var number: Int
        var kind: Kind

        var name: String { "$NODE-\(number)" }

        private var owner: (kind: String, name: String)? {
            switch kind {
            case .replica, .slow, .going, .data: ("ReplicaSet", "web-7f")
            case .stateful: ("StatefulSet", "db")
            case .job, .ended: ("Job", "backup-28391234")
            case .daemon: ("DaemonSet", "proxy")
            case .mirror: ("Node", "$NODE")
            case .bare: nil
            }
        }

        var json: String {
            let labels =
                #""law":"$NODE","stays":"\#(kind.stays ? "yes" : "no")","pod-template-hash":"7f""#
                + (kind == .replica ? #","app":"web""# : "")
            let mirror = kind == .mirror ? #","annotations":{"kubernetes.io/config.mirror":"x"}"# : ""
            let owners = owner.map { owner in
                #","ownerReferences":[{"apiVersion":"apps/v1","kind":"\#(owner.kind)","name":"\#(owner.name)","#
                    + #""uid":"0b0c8a3e-0000-4000-8000-00000000000\#(number)","controller":true}]"#
            }
            let grace = kind == .slow || kind == .going ? 30 : 0
            let volumes = kind == .data ? #","volumes":[{"name":"v","emptyDir":{}}]"# : ""
            return #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\#(name)","labels":{\#(labels)}\#(mirror)"#
                + #"\#(owners ?? "")},"spec":{"nodeName":"$NODE","automountServiceAccountToken":false,"#
                + #""terminationGracePeriodSeconds":\#(grace),"containers":[{"name":"c","image":"none"}]\#(volumes)}}"#
        }

        /// What a kubelet would have written of it.
        var status: String {
            switch kind {
            case .replica: becomes(#""phase":"Running","conditions":[{"type":"Ready","status":"True"}]"#)
            case .ended: becomes(#""phase":"Succeeded""#)
            case .going: "k delete pod \"\(name)\" --wait=false"
            default: ":"
            }
        }

        private func becomes(_ status: String) -> String {
            """
            k get pod "\(name)" -o json | sed 's/"phase": "Pending"/\(status)/' |
              k replace --raw "/api/v1/namespaces/default/pods/\(name)/status" -f - || exit
            """
        }
    }

    private static func prepare(_ pods: [Pod], _ budget: Budget?) -> String {
        let list = #"{"apiVersion":"v1","kind":"List","items":[\#(pods.map(\.json).joined(separator: ",\n"))]}"#
        return """
            \(clean)
            k get serviceaccount default >/dev/null || k create serviceaccount default
            \(pods.isEmpty ? ":" : "k create -f - <<EOF || exit\n\(list)\nEOF")
            \(pods.map(\.status).joined(separator: "\n"))
            \(budget?.create ?? ":")
            \(pods.contains { $0.kind == .slow || $0.kind == .going } ? kubeletStandIn : ":")
            """
    }

    private static let clean = """
        systemctl stop "law-kubelet-$NODE" 2>/dev/null
        k delete pods,pdb -l law="$NODE" --force --grace-period=0 --wait=false
        """

    // It takes a second to stop a pod, as a kubelet does.
    private static let kubeletStandIn = """
        systemd-run --quiet --collect --unit="law-kubelet-$NODE" --property=RuntimeMaxSec=60 /bin/sh -c \(quoted(loop)) \
          belay "$NODE" || exit
        """

    private static let loop = """
        \(ClusterStates.k)
        while sleep 1; do
          for pod in $(k get pods -l law="$1" -o \
            'go-template={{range .items}}{{if .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}'); do
            k delete pod "$pod" --force --grace-period=0
          done
        done
        """
}
