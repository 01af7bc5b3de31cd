/// The fixed shell texts that run kubectl on the execution host.
enum KubectlScript {
    /// Reads object `$4` of the resource `$2` in namespace `$3` (empty for none), and writes to it if its state is one of
    /// those from `$12` on.
    ///
    /// `$1` kubeconfig, `$5` the view that prints a state, `$6` the state wanted, `$7` `fail` or `leave` in any other
    /// state, `$8` the field manager, `$9` one of
    /// - `merge` with the members of metadata `$10` and of the object `$11`, `-` for those on standard input;
    /// - `taint` with the taint `$10` (empty: removed) and the template `$11` that prints its place: nothing without a
    ///   list, `/-` when it is not in the list, else `/INDEX`;
    /// - `template` with the revision `$10` whose pod template is taken, if the template `$11` makes of it the state wanted.
    ///
    /// The patch holds the resourceVersion that was read, so the API refuses it when anybody wrote in between, a
    /// heartbeat included; then it is read again. An API that cannot be read is a failure, never a reason to write.
    static let change: StaticString = #"""
        kubeconfig=$1 resource=$2 namespace=$3 name=$4 view=$5 goal=$6 others=$7 manager=$8 kind=$9
        shift 9
        first=$1 second=$2
        shift 2
        newline='
        '
        kube() {
            kubectl --kubeconfig "$kubeconfig" ${namespace:+"--namespace=$namespace"} --request-timeout=10s \
                --cache-dir=/dev/null "$@"
        }
        digested() {
            case $1 in
                *"$newline"sha256=*) sum=$(printf %s "${1#*"$newline"sha256=}" | sha256sum) || return
                    printf %s "${1%%"$newline"sha256=*}${newline}sha256=${sum%% *}" ;;
                *) printf %s "$1" ;;
            esac
        }
        if [ "$kind" = taint ]; then at=$second; else at=; fi
        if [ "$second" = - ]; then second=$(cat) || exit; fi
        tried=0
        while [ "$tried" -lt 5 ]; do
            seen=$(kube get "$resource" "$name" -o \
                "go-template={{.metadata.resourceVersion}}$newline$at$newline$view") || exit
            version=${seen%%"$newline"*} seen=${seen#*"$newline"}
            place=${seen%%"$newline"*} state=$(digested "${seen#*"$newline"}") || exit
            expected=no
            for from; do if [ "$state" = "$from" ]; then expected=yes; fi; done
            if [ "$expected" = no ]; then
                if [ "$others" = leave ]; then exit 0; fi
                # A write whose answer was lost may have happened all the same.
                if [ "$state" = "$goal" ] && [ "$tried" -gt 0 ]; then exit 0; fi
                printf '%s %s is not as it was any more, nothing was changed; now it is:\n%s\n' \
                    "$resource" "$name" "$state" >&2
                exit 1
            fi
            type=json
            case $kind in
                merge)
                    type=merge
                    patch="{\"metadata\":{${first:+$first,}\"resourceVersion\":\"$version\"}${second:+,$second}}" ;;
                taint)
                    case $place in
                        '') write='"op":"add","path":"/spec/taints","value":['$first']' ;;
                        /-) write='"op":"add","path":"/spec/taints/-","value":'$first ;;
                        *) write='"op":"replace","path":"/spec/taints'$place'","value":'$first ;;
                    esac
                    if [ -z "$first" ]; then write='"op":"remove","path":"/spec/taints'$place'"'; fi ;;
                template)
                    kept=$(kube get "$first" -o "go-template=$second") && kept=$(digested "$kept") || exit
                    if [ "$kept" != "$goal" ]; then
                        echo "$first does not hold that template any more, nothing was changed" >&2
                        exit 1
                    fi
                    # What a revision has besides the template: its own label, or what says how it is merged.
                    case $first in
                        replicasets*) from=.spec.template extra=metadata/labels/pod-template-hash ;;
                        *) from=.data.spec.template extra='$patch' ;;
                    esac
                    template=$(kube get "$first" -o "jsonpath={$from}") || exit
                    write='"op":"replace","path":"/spec/template","value":'$template'},
                        {"op":"remove","path":"/spec/template/'$extra'"' ;;
            esac
            if [ "$type" = json ]; then
                patch='[{"op":"test","path":"/metadata/resourceVersion","value":"'$version'"},{'$write'}]'
            fi
            # By standard input: a word of a command has a limit, and is seen by everybody on the host.
            if printf %s "$patch" | kube patch "$resource" "$name" --field-manager="$manager" --type="$type" \
                --patch-file=/dev/stdin; then exit 0; fi
            tried=$((tried + 1))
        done
        echo "$resource $name could not be written to" >&2
        exit 1
        """#
}
