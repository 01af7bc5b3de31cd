import Core
import RandomStates

/// Node objects after what people, other programs and runs of Belay did to them, by kubectl against the real API.
enum ClusterStates {
    static let cordon: StateGenerator = { random in state([:], &random) }

    static let uncordon: StateGenerator = { random in
        state(random.chance(30) ? [:] : ["owner": .text(random.pick(["run", "belay", "anyone"]))], &random)
    }

    static let label: StateGenerator = { random in
        state(["key": .text(random.pick(keys))].merging(wanted(&random)) { $1 }, &random)
    }

    static let taint: StateGenerator = { random in
        let own = ["key": ArgumentValue.text(random.pick(keys)), "effect": .text(random.pick(effects))]
        return state(own.merging(wanted(&random)) { $1 }, &random)
    }

    private static let keys = ["x.example/l", "maintenance", "x.example/a_b.c-D"]
    private static let values = ["", "old", "new", "a.b_c-D", String(repeating: "v", count: 63), "1"]
    private static let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"]

    private static func wanted(_ random: inout SeededGenerator) -> [String: ArgumentValue] {
        random.chance(30) ? ["remove": .flag(true)] : ["value": .text(random.pick(values))]
    }

    static func state(
        _ arguments: [String: ArgumentValue], _ random: inout SeededGenerator
    ) -> RandomState {
        let labels = random.pick(["", #","labels":{"kubernetes.io/os":"linux"}"#])
        let history = (0..<random.number(0...6)).map { _ in deed(&random) }
        // A field manager of the annotation's own is what others have too.
        let heard = "k annotate node \"$NODE\" --overwrite law/heard"
        let object = #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"'"$NODE"'"\#(labels)}}"#
        let spoken = random.chance(40)
        return RandomState(
            arguments: arguments,
            prepare: """
                \(k)
                k delete node "$NODE" --ignore-not-found
                echo '\(object)' | k create -f - || exit
                \(history.joined(separator: "\n"))
                \(heard)=0
                """,
            truth: "\(k)\n\(truth)", meanwhile: spoken ? "\(k)\n\(others(heard))" : nil,
            clean: "\(k)\nk delete node \"$NODE\"")
    }

    static let k = "k() { kubectl --kubeconfig \(Cluster.kubeconfig) \"$@\" 2>&1; }"

    // Two writers that know nothing of each other: neither loses what the other wrote.
    private static func others(_ heard: String) -> String {
        """
        if [ "$1" = after ]; then
          [ "$(k get node "$NODE" -o 'jsonpath={.metadata.annotations.law/heard}')" = 1 ]
        else
          \(heard)=1
        fi
        """
    }

    // What an action is not about is in it as well. The uid is another one each time, and so is what others write; taints
    // are a set, kept as a list.
    private static let truth = """
        k get node "$NODE" -o 'go-template={{range $k, $v := .metadata.labels}}{{$k}}={{$v}}
        {{end}}{{range $k, $v := .metadata.annotations}}{{if ne $k "law/heard"}}{{$k}}={{printf "%q" $v}}
        {{end}}{{end}}{{range .spec.taints}}{{.}}
        {{end}}{{range $k, $v := .spec}}{{if ne $k "taints"}}{{$k}}: {{$v}}
        {{end}}{{end}}' | sort
        """

    /// What somebody did; some of it the API refuses, and then it was not done.
    private static func deed(_ random: inout SeededGenerator) -> String {
        let (key, value, effect) = (random.pick(keys), random.pick(values), random.pick(effects))
        func patch(_ manager: String, _ json: String) -> String {
            "k patch node \"$NODE\" --field-manager=\(manager) --type=merge -p '\(json)'"
        }
        let mark = #"{"metadata":{"annotations":{"belay/run":"r-0"}},"spec":{"unschedulable":true}}"#
        let timed =
            #"{"spec":{"taints":[{"key":"a","effect":"NoSchedule"},{"key":"\#(key)","effect":"\#(effect)","#
            + #""value":"o","timeAdded":"2026-11-22T16:57:26Z"},{"key":"b","effect":"NoExecute"}]}}"#
        return random.pick([
            "k cordon \"$NODE\"", "k uncordon \"$NODE\"", patch("belay", mark), patch("robot", mark),
            patch("robot", #"{"spec":{"unschedulable":true}}"#), patch("belay", #"{"spec":{"unschedulable":null}}"#),
            "k annotate node \"$NODE\" --overwrite belay/run=r-law", "k annotate node \"$NODE\" belay/run-",
            "k annotate node \"$NODE\" --overwrite \(quoted("belay/run=" + random.oddWord()))",
            "k label node \"$NODE\" --overwrite \(quoted("\(key)=\(value)"))", "k label node \"$NODE\" \(quoted(key))-",
            "k taint node \"$NODE\" --overwrite \(quoted("\(key)=\(value):\(effect)"))",
            "k taint node \"$NODE\" \(quoted(key))-", patch("robot", timed), patch("robot", #"{"spec":{"taints":[]}}"#),
        ])
    }
}
