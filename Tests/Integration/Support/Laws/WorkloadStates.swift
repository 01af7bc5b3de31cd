import Core
import RandomStates

/// Deployments, DaemonSets and StatefulSets after what people and controllers did to them, and ConfigMaps, by kubectl
/// against the real API. There are no controllers behind it: what they would keep of revisions is made here.
enum WorkloadStates {
    static let restart: StateGenerator = { random in
        let work = Work("law-restart", kinds, &random)
        let mark = random.pick([nil, "r-0", "r-law", random.oddWord()])
        let annotated = mark.map { #","annotations":{"belay/restarted-by":\#(json($0))}"# } ?? ""
        return state(
            work, [:], [work.create(template: template("app:1", "v", annotated))],
            refused: mark != "r-law" && work.doesNotRoll, &random)
    }

    static let rollback: StateGenerator = { random in
        let work = Work("law-rollback", kinds, keepsNone: random.chance(10), &random)
        let count = random.pick([1, 2, 2, 2, 3])
        let wanted = random.chance(65) ? nil : random.number(1...4)
        let drifted = random.chance(10)
        var made = [work.create(template: template("none", "v"))]
        for number in 1...count { made.append(work.revise(number, another(number, &random))) }
        if drifted { made.append(work.set(template("drifted", "v"))) }
        let isThere = wanted.map { $0 <= count } ?? (count > 1)
        let isSo = wanted == count && !drifted
        return state(
            work, wanted.map { ["revision": .text("\($0)")] } ?? [:], made,
            refused: !isThere || (!isSo && (work.doesNotRoll || drifted || work.keepsNone)), &random)
    }

    static let scale: StateGenerator = { random in
        let work = Work("law-scale", ["Deployment", "StatefulSet"], &random)
        let autoscaled = random.pick([nil, nil, nil, work.name, "another"])
        let scaler =
            #"{"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"law-scaler"},"spec":{"#
            + #""maxReplicas":3,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"\#(work.kind)","name":"\#(autoscaled ?? "")"}}}"#
        let made = [
            work.create(template: template("app:1", "v")), "k scale \(work.object) --replicas=\(random.number(0...4))",
        ]
        return state(
            work, ["replicas": .text("\(random.number(0...4))")],
            made + (autoscaled == nil ? [] : ["printf %s \(quoted(scaler)) | k create -f - || exit"]),
            refused: autoscaled == work.name, &random)
    }

    private static let kinds = ["Deployment", "DaemonSet", "StatefulSet"]

    // MARK: -

    /// One workload of the API.
    private struct Work {
        let name: String
        let kind: String
        let keepsNone: Bool
        let isPaused: Bool
        let onDelete: Bool

        init(_ name: String, _ kinds: [String], keepsNone: Bool = false, _ random: inout SeededGenerator) {
            self.name = name
            kind = random.pick(kinds)
            self.keepsNone = keepsNone
            isPaused = kind == "Deployment" && random.chance(12)
            onDelete = kind != "Deployment" && random.chance(12)
        }

        var object: String { "\(kind.lowercased())/\(name)" }
        var doesNotRoll: Bool { isPaused || onDelete }

        func create(template: String) -> String {
            var members = [#""selector":{"matchLabels":{"app":"law"}}"#, #""template":\#(template)"#]
            if kind == "StatefulSet" { members.append(#""serviceName":"law""#) }
            if isPaused { members.append(#""paused":true"#) }
            if onDelete { members.append(#""updateStrategy":{"type":"OnDelete"}"#) }
            if keepsNone { members.append(#""revisionHistoryLimit":0"#) }
            let head = #"{"apiVersion":"apps/v1","kind":"\#(kind)","metadata":{"name":"\#(name)"},"spec":{"#
            return "printf %s \(quoted(head + members.joined(separator: ",") + "}}")) | k create -f - || exit"
        }

        func set(_ template: String) -> String {
            let patch = #"[{"op":"replace","path":"/spec/template","value":\#(template)}]"#
            return "k patch \(object) --type=json -p \(quoted(patch)) || exit"
        }

        /// Another template, and what the controller keeps of it.
        func revise(_ number: Int, _ template: String) -> String {
            let revision = kind == "Deployment" ? "ReplicaSet" : "ControllerRevision"
            let owner =
                #"{"apiVersion":"apps/v1","kind":"\#(kind)","name":"\#(name)","uid":"'"$uid"'","controller":true}"#
            let head =
                #"{"apiVersion":"apps/v1","kind":"\#(revision)","metadata":{"name":"\#(name)-\#(number)","annotations":"#
                + #"{"deployment.kubernetes.io/revision":"\#(number)"},"ownerReferences":[\#(owner)]},"#
            let body =
                kind == "Deployment"
                ? #""spec":{"replicas":0,"selector":{"matchLabels":{"app":"law"}},"template":'"$t"'}}"#
                : #""revision":\#(number),"data":{"spec":{"template":'"$t"'}}}"#
            let mark =
                kind == "Deployment"
                ? #"s/"labels":{/"labels":{"pod-template-hash":"h\#(number)",/"# : #"s/^{/{"$patch":"replace",/"#
            return """
                \(set(template))
                uid=$(k get \(object) -o 'jsonpath={.metadata.uid}')
                t=$(k get \(object) -o 'jsonpath={.spec.template}' | sed '\(mark)') || exit
                printf %s '\(head + body)' | k create -f - || exit
                """
        }
    }

    private static func another(_ number: Int, _ random: inout SeededGenerator) -> String {
        let noted = random.chance(40) ? #","annotations":{"x.example/note":\#(json(random.oddWord()))}"# : ""
        return template("app:\(number)", random.oddWord(), noted)
    }

    private static func template(_ image: String, _ secret: String, _ annotated: String = "") -> String {
        let environment = #"[{"name":"TOKEN","value":\#(json(secret))}]"#
        return
            #"{"metadata":{"labels":{"app":"law"}\#(annotated)},"spec":{"containers":[{"name":"app","image":"\#(image)","#
            + #""args":[\#(json(secret))],"env":\#(environment)}]}}"#
    }

    private static func json(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func state(
        _ work: Work, _ own: [String: ArgumentValue], _ made: [String], refused: Bool, _ random: inout SeededGenerator
    ) -> RandomState {
        let common: [String: ArgumentValue] = [
            "kind": .text(work.kind), "namespace": .text("default"), "name": .text(work.name), "wait": .text("0"),
        ]
        let heard = "k annotate \(work.object) --overwrite law/heard"
        let meanwhile = """
            \(k)
            if [ "$1" = after ]; then
              [ "$(k get \(work.object) -o 'jsonpath={.metadata.annotations.law/heard}')" = 1 ]
            else
              \(heard)=1
            fi
            """
        return RandomState(
            arguments: common.merging(own) { $1 },
            prepare: ([k, remove(work.name)] + made + ["\(heard)=0"]).joined(separator: "\n"),
            truth: "\(k)\nk get \(work.object) -o 'jsonpath={.metadata.uid} {.spec}'",
            ending: refused ? .refused : .asPredicted, meanwhile: random.chance(40) ? meanwhile : nil,
            clean: "\(k)\n\(remove(work.name))")
    }

    // What a workload leaves behind no controller takes away.
    private static func remove(_ name: String) -> String {
        let kept = (1...3).flatMap { ["replicaset/\(name)-\($0)", "controllerrevision/\(name)-\($0)"] }
        let all = kinds.map { "\($0.lowercased())/\(name)" } + kept + (name == "law-scale" ? ["hpa/law-scaler"] : [])
        return "k delete --ignore-not-found \(all.joined(separator: " ")) >&2"
    }

    fileprivate static let k = "k() { kubectl --kubeconfig \(Cluster.kubeconfig) --namespace default \"$@\"; }"
}

/// ConfigMaps as people keep configurations of programs in them.
enum ConfigMapStates {
    static let restore: StateGenerator = { random in
        let key = random.pick(["Corefile", "config.conf", "a-b_c", "x"])
        let (old, new) = (value(&random), value(&random))
        let was = random.pick(Found.allCases)
        let isSo = was == .text && old == new
        let isImmutable = random.chance(15)
        var made = ["printf %s \(quoted(Base64.encode(Array(old.utf8)))) | base64 -d >/tmp/law-value"]
        switch was {
        case .text: made.append("k create configmap law-map --from-file=\(key)=/tmp/law-value || exit")
        case .absent: made.append("k create configmap law-map --from-literal=other=1 || exit")
        case .nothing: made.append("k create configmap law-map || exit")
        case .binary:
            made.append(
                "printf 'a\\377' >/tmp/law-value; k create configmap law-map --from-file=\(key)=/tmp/law-value || exit")
        case .huge:
            made.append("head -c 262145 /dev/zero | tr '\\0' x >/tmp/law-value")
            made.append("k create configmap law-map --from-file=\(key)=/tmp/law-value || exit")
        }
        if isImmutable { made.append(#"k patch configmap law-map --type=merge -p '{"immutable":true}' || exit"#) }
        let k = WorkloadStates.k
        let remove = "k delete configmap law-map --ignore-not-found >&2; rm -f /tmp/law-value"
        return RandomState(
            arguments: [
                "namespace": .text("default"), "name": .text("law-map"), "key": .text(key), "content": .text(new),
            ],
            prepare: ([k, remove] + made).joined(separator: "\n"),
            truth: "\(k)\nk get configmap law-map -o 'jsonpath={.metadata.uid} {.immutable} {.data} {.binaryData}'",
            ending: was == .huge || (!isSo && (isImmutable || was == .binary)) ? .refused : .asPredicted,
            clean: "\(k)\n\(remove)")
    }

    private enum Found: CaseIterable { case text, absent, nothing, binary, huge }

    private static func value(_ random: inout SeededGenerator) -> String {
        let lines = (0..<random.number(0...6)).map { _ in random.oddWord() }
        let long = String(repeating: "0123456789 \t\u{7F}\u{85}\u{2028}\u{FEFF}ü\r\n", count: 600)
        let text =
            lines.joined(separator: random.pick(["\n", "\r\n", "\t"]))
            + random.pick(["", "\n", "\n\n", ";", "\nsha256=x;"])
        return random.pick([text, text, text, "", "same", "same", long, "\u{301}" + text])
    }
}
