/// A revision of a workload as Kubernetes keeps it: a ReplicaSet of a Deployment, else a ControllerRevision.
struct WorkloadRevision: Sendable, Hashable {
    var number: String
    var name: String
    var uid: String
    var template: WorkloadTemplate

    /// The objects that keep them, for a kind of workload.
    static func resource(_ kind: KubectlObject.Kind) -> String {
        kind == .deployment ? "replicasets.apps" : "controllerrevisions.apps"
    }

    /// Where the pod template is in them.
    static func path(_ kind: KubectlObject.Kind) -> String {
        kind == .deployment ? ".spec.template" : ".data.spec.template"
    }

    /// Prints `OWNER NUMBER NAME UID` of each.
    static func listing(_ kind: KubectlObject.Kind) -> String {
        let annotated =
            #"{{range $key, $value := $item.metadata.annotations}}"#
            + #"{{if eq $key "deployment.kubernetes.io/revision"}}{{$value}}{{end}}{{end}}"#
        let number = kind == .deployment ? annotated : "{{$item.revision}}"
        return """
            {{range $item := .items}}{{range $item.metadata.ownerReferences}}{{if .controller}}\
            {{.uid}} \(number) {{$item.metadata.name}} {{$item.metadata.uid}}
            {{end}}{{end}}{{end}}
            """
    }

    /// Reads `OWNER NUMBER NAME UID` and what its view printed; nil for what is none.
    init?(_ head: Substring, _ printed: [Substring]) {
        let words = head.split(separator: " ").map(String.init)
        guard words.count == 4, let template = WorkloadTemplate(printed), Int(words[1]) != nil,
            KubernetesName.fault(ofObject: words[2]) == nil, KubernetesName.fault(ofObject: words[3]) == nil
        else { return nil }
        (number, name, uid, self.template) = (words[1], words[2], words[3], template)
    }

    /// Prints everything there is to see of a workload's template and its revisions.
    ///
    /// `$1` kubeconfig, `$2` namespace, `$3` resource, `$4` name, `$5` its view, `$6` the resource of its revisions, `$7`
    /// their listing, `$8` the view of one, `$9` the number of the revision wanted, empty for the one before the latest.
    /// Of three objects it prints the view, the two revisions behind the lines `latest` and `target`.
    static let observe: StaticString = #"""
        kubeconfig=$1 namespace=$2 resource=$3 name=$4 view=$5 revisions=$6 listing=$7 kept=$8 wanted=$9
        newline='
        '
        get() {
            kubectl --kubeconfig "$kubeconfig" --request-timeout=10s --cache-dir=/dev/null get "$1" \
                --namespace "$namespace" -o "go-template=$2" ${3:+"$3"}
        }
        show() {
            seen=$(get "$1" "$2") || exit
            case $seen in
                *"$newline"sha256=*) sum=$(printf %s "${seen#*"$newline"sha256=}" | sha256sum) || exit
                    printf '%s\nsha256=%s\n' "${seen%%"$newline"sha256=*}" "${sum%% *}" ;;
                *) printf '%s\n' "$seen" ;;
            esac
        }
        show "$resource/$name" "$view"
        uid=${seen%%"$newline"*} uid=${uid#uid=}
        all=$(get "$revisions" "$listing") || exit
        all=$(printf '%s\n' "$all" | awk -v uid="$uid" 'NF == 4 && $1 == uid' | sort -k 2,2n)
        latest=$(printf '%s\n' "$all" | tail -n 1)
        case $wanted in
            '') target=$(printf '%s\n' "$all" | tail -n 2 | head -n 1)
                if [ "$target" = "$latest" ]; then target=; fi ;;
            *) target=$(printf '%s\n' "$all" | awk -v number="$wanted" '$2 == number' | head -n 1) ;;
        esac
        for which in latest target; do
            if [ "$which" = latest ]; then line=$latest; else line=$target; fi
            if [ -z "$line" ]; then continue; fi
            printf '%s %s\n' "$which" "$line"
            line=${line% *}
            show "$revisions/${line##* }" "$kept"
        done
        """#
}
