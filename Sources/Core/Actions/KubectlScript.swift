/// The fixed shell texts that run kubectl on the execution host.
enum KubectlScript {
    /// Reads node `$2`, and writes to it if its state is one of those from `$10` on.
    ///
    /// `$1` kubeconfig, `$3` the view that prints a state, `$4` the state wanted, `$5` `fail` or `leave` in any other
    /// state, `$6` the field manager, `$7` `merge` with the members of metadata `$8` and of spec `$9`, or `taint` with the
    /// taint `$8` (empty: removed) and the template `$9` that prints its place: nothing without a list, `/-` when it is
    /// not in the list, else `/INDEX`.
    ///
    /// The patch holds the resourceVersion that was read, so the API refuses it when anybody wrote in between, a
    /// heartbeat included; then it is read again. An API that cannot be read is a failure, never a reason to write.
    static let change: StaticString = #"""
        kubeconfig=$1 node=$2 view=$3 goal=$4 others=$5 manager=$6 kind=$7 first=$8 second=$9
        shift 9
        newline='
        '
        kube() { kubectl --kubeconfig "$kubeconfig" --request-timeout=10s --cache-dir=/dev/null "$@"; }
        if [ "$kind" = taint ]; then at=$second; else at=; fi
        tried=0
        while [ "$tried" -lt 5 ]; do
            seen=$(kube get node "$node" -o "go-template={{.metadata.resourceVersion}}$newline$at$newline$view") || exit
            version=${seen%%"$newline"*} seen=${seen#*"$newline"}
            place=${seen%%"$newline"*} state=${seen#*"$newline"}
            expected=no
            for from; do if [ "$state" = "$from" ]; then expected=yes; fi; done
            if [ "$expected" = no ]; then
                if [ "$others" = leave ]; then exit 0; fi
                # A write whose answer was lost may have happened all the same.
                if [ "$state" = "$goal" ] && [ "$tried" -gt 0 ]; then exit 0; fi
                printf 'node %s is not as it was any more, nothing was changed; now it is:\n%s\n' "$node" "$state" >&2
                exit 1
            fi
            if [ "$kind" = merge ]; then
                type=merge
                patch="{\"metadata\":{${first:+$first,}\"resourceVersion\":\"$version\"},\"spec\":{$second}}"
            else
                type=json
                case $place in
                    '') write='"op":"add","path":"/spec/taints","value":['$first']' ;;
                    /-) write='"op":"add","path":"/spec/taints/-","value":'$first ;;
                    *) write='"op":"replace","path":"/spec/taints'$place'","value":'$first ;;
                esac
                if [ -z "$first" ]; then write='"op":"remove","path":"/spec/taints'$place'"'; fi
                patch='[{"op":"test","path":"/metadata/resourceVersion","value":"'$version'"},{'$write'}]'
            fi
            if kube patch node "$node" --field-manager="$manager" --type="$type" --patch="$patch"; then exit 0; fi
            tried=$((tried + 1))
        done
        echo "node $node could not be written to" >&2
        exit 1
        """#
}
