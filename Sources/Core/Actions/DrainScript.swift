/// The fixed shell texts of ``NodeDrain``, run on the execution host.
enum DrainScript {
    /// How many words of ``evict``'s command stand before the keys of what may be evicted: `sh -c TEXT belay` and seven.
    static let wordsBeforeKeys = 4 + 7

    /// Prints the pods of node `$2` by template `$3`, told apart by the awk program `$4`.
    ///
    /// `$1` kubeconfig. The status is kubectl's.
    static let list: StaticString = #"""
        pods=$(kubectl --kubeconfig "$1" --request-timeout=10s --cache-dir=/dev/null get pods --all-namespaces \
            --field-selector="spec.nodeName=$2" -o "go-template=$3") || exit
        printf '%s\n' "$pods" | awk "$4"
        """#

    /// Evicts the pods of node `$2` whose key is among those from `$8` on, until none is left that has to leave.
    ///
    /// `$1` kubeconfig, `$3` the node's uid, `$4` template and `$5` awk program as in ``list``, `$6` the version of the
    /// Eviction that the API takes, `$7` seconds.
    ///
    /// Before each round the node must still be cordoned, and every pod that has to leave must be planned: else it ends at
    /// once. An eviction that a budget forbids (429), and an API that does not answer for a while, are tried again until
    /// the time is over. Each eviction is of one uid: a pod that came under an old name is not meant. Grace periods are the
    /// pods' own.
    static let evict: StaticString = #"""
        kubeconfig=$1 node=$2 uid=$3 template=$4 filter=$5 version=$6 seconds=$7
        shift 7
        now() { read -r up idle </proc/uptime; echo "${up%%.*}"; }
        end=$(($(now) + seconds))
        left() { seconds_left=$((end - $(now))); [ "$seconds_left" -gt 0 ] || seconds_left=0; echo "$seconds_left"; }
        kube() {
            limit=$(($(left) + 1))
            [ "$limit" -le 15 ] || limit=15
            timeout -k 1 "$limit" kubectl --kubeconfig "$kubeconfig" --request-timeout=10s --cache-dir=/dev/null "$@"
        }
        look() {
            view='go-template={{.metadata.uid}} {{if .spec.unschedulable}}cordoned{{end}}'
            seen=$(kube get node "$node" -o "$view") || return
            if [ "$seen" != "$uid cordoned" ]; then
                echo "node $node is not cordoned any more, or another one: no further pod is evicted" >&2
                exit 1
            fi
            pods=$(kube get pods --all-namespaces --field-selector="spec.nodeName=$node" \
                -o "go-template=$template") || return
            rows=$(printf '%s\n' "$pods" | awk "$filter")
        }
        is_planned() {
            wanted=$1
            shift
            for key; do if [ "$key" = "$wanted" ]; then return 0; fi; done
            return 1
        }
        # What has to leave: how many pods, in words, and which of them are not in the plan.
        count() {
            many=0 names='' others=''
            while read -r what key space name rest; do
                case $what in
                    stays | '') continue ;;
                    leaves) is_planned "$key" "$@" || others="$others $space/$name" ;;
                    going) ;;
                    *) others="$others (not told apart)" ;;
                esac
                many=$((many + 1)) names="$names $space/$name"
            done
        }
        evict() {
            case $1:$2:$3 in *[!a-zA-Z0-9.:-]* | *..*) echo "a pod with an impossible name"; return ;; esac
            metadata=$(printf '"metadata":{"namespace":"%s","name":"%s"}' "$1" "$2")
            said=$(printf '{"apiVersion":"%s","kind":"Eviction",%s,"deleteOptions":{"preconditions":{"uid":"%s"}}}' \
                "$version" "$metadata" "$3" | kube create --raw \
                "/api/v1/namespaces/$1/pods/$2/eviction" -f - 2>&1 >/dev/null) && return
            printf '%s/%s: %s\n' "$1" "$2" "$(printf '%s\n' "$said" | tail -n 1)"
        }
        evict_all() {
            begun=0
            while read -r what key space name id rest; do
                if [ "$what" != leaves ]; then continue; fi
                evict "$space" "$name" "$id" &
                begun=$((begun + 1))
                if [ $((begun % 5)) -eq 0 ]; then wait; fi
            done
            wait
        }
        names=' unknown' refused='' asked=no pause=1
        while :; do
            look
            status=$?
            if [ "$status" -eq 127 ]; then exit 127; fi
            if [ "$status" -eq 0 ]; then
                count "$@" <<ROWS
        $rows
        ROWS
                if [ -n "$others" ]; then
                    printf 'not in the plan, and not evicted:%s\n' "$others" >&2
                    [ "$asked" = yes ] || echo 'nothing was evicted' >&2
                    exit 1
                fi
                if [ "$many" -eq 0 ]; then exit 0; fi
                if [ "$(left)" -gt 0 ]; then
                    asked=yes
                    refused=$(evict_all <<ROWS
        $rows
        ROWS
                    )
                    # It would not change. But a namespace that is being deleted refuses so too, for a while.
                    case $refused in
                        *'being terminated'*) ;;
                        *'(Forbidden)'*) printf '%s\n' "$refused" >&2; exit 1 ;;
                    esac
                fi
            fi
            if [ "$(left)" -eq 0 ]; then break; fi
            sleep "$pause"
            pause=2
        done
        printf 'not drained within %s s; pods that are left:%s\n%s\n' "$seconds" "$names" "$refused" >&2
        exit 1
        """#

    /// The undo where a cordon was there before: nothing to lift.
    static let left: StaticString = #"""
        printf 'node %s was cordoned before, and stays so; evicted pods run elsewhere\n' "$1"
        """#
}
