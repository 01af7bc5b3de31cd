# shellcheck shell=bash
# Faults that tests ask for, and the way back from them.

set_kubelet() { # set_kubelet NODE healthy|crash-loop|hang|bad-config
    [[ "$1" != plain ]] || usage_error "the node 'plain' has no kubelet"
    case "$2" in
        healthy) in_node "$1" sh -c 'rm -f /etc/testbed/kubelet-mode &&
            cp /usr/local/share/testbed/kubelet-config.yaml /var/lib/kubelet/config.yaml' ;;
        crash-loop | hang) in_node "$1" tee /etc/testbed/kubelet-mode <<<"$2" >/dev/null ;;
        # The very line that was recorded to break a real kubelet: an unknown field, and no YAML.
        bad-config) in_node "$1" sh -c 'echo "bogusField: [" >>/var/lib/kubelet/config.yaml' ;;
        *) usage_error "kubelet mode '$2' is none of healthy, crash-loop, hang, bad-config" ;;
    esac
    # `restart` of a process that hangs and of one that waits for its next start are the same to systemd.
    in_node "$1" systemctl restart kubelet
    if [[ "$2" == healthy ]]; then
        wait_for 15 kubelet_is_healthy "$1" || die "the kubelet stand-in of $1 did not become healthy"
    fi
}

kubelet_is_healthy() { in_node "$1" curl -sf -m 2 -o /dev/null http://127.0.0.1:10248/healthz 2>/dev/null; }

# The node as it was after its first boot, as far as that is possible without a reboot.
reset_node() {
    local node="$1"
    mend_cable "$node"
    undelay_cable "$node"
    free_until_ready "$node"
    in_node "$node" bash -s <"$TESTBED_DIR/lib/reset-in-node.sh"
    wait_until_ready "$node"
}

# --- Faults of the cluster by name. Testbed/faults/NAME.sh breaks a node: it says what it does and where, and defines `inject`
# and `lift`. Testbed/faults/NAME.yaml are objects of the API, in the namespace `playbook`; there the node is `cluster`.

fault_names() { for file in "$TESTBED_DIR"/faults/*; do basename "${file%.*}"; done; }
fault_text() { sed -n '/^# shellcheck/d; s/^# //p; /^[^#]/q' "$TESTBED_DIR/faults/$1".* | head -n 1; }

list_faults() {
    local name
    for name in $(fault_names); do printf '%-26s %s\n' "$name" "$(fault_text "$name")"; done
}

run_fault() { # run_fault inject|lift NODE|cluster NAME
    local file
    has_kubernetes || die "this testbed has no cluster; run '$0 up --kubernetes'"
    file="$(compgen -G "$TESTBED_DIR/faults/${3:-}.*" || true)"
    [[ -f "$file" ]] || usage_error "there is no fault '${3:-}'; faults are: $(fault_names | xargs)"
    check_fault_place "$2" "$3"
    if [[ "$file" == *.yaml ]]; then
        object_fault "$1" <"$file"
    else
        cat "$TESTBED_DIR/lib/fault-in-node.sh" "$file" "$TESTBED_DIR/lib/fault-call.sh" |
            in_node "$2" bash -s -- "$1" "$3" >&2 || die "the fault '$3' on $2: '$1' failed"
    fi
    case "$1 $3" in 'lift disk-full' | 'lift inodes-exhausted' | 'lift memory-pressure') remove_evicted_pods ;; esac
}

# A fault for a small disk would fill the machine's anywhere else.
check_fault_place() { # check_fault_place NODE|cluster NAME
    local place=cluster
    case "$(fault_text "$2")" in
        'On the control plane:'*) place="${KUBE_NODES[0]}" ;;
        'On a worker:'*) place="${KUBE_NODES[*]:1}" ;;
        'On any node:'*) place="${KUBE_NODES[*]}" ;;
    esac
    [[ -n "$1" && " $place " == *" $1 "* ]] || usage_error "the fault '$2' is one of: $place; not of '$1'"
}

object_fault() { # object_fault inject|lift <OBJECTS
    local verb=(apply)
    if [[ "$1" == lift ]]; then verb=(delete --wait --ignore-not-found); fi
    wait_for 120 kube_api_answers || die "the cluster's API does not answer, so its objects cannot be changed"
    sed "s,REGISTRY,$REGISTRY_ADDRESS," | kube_kubectl "${verb[@]}" -f - >/dev/null
}

# Pods that the kubelet put out under pressure stay as Failed, and their successors run beside them.
remove_evicted_pods() {
    local namespace
    for namespace in default playbook; do
        kube_kubectl --request-timeout=5s -n "$namespace" delete pods --field-selector=status.phase=Failed </dev/null >/dev/null 2>&1 || true
    done
}
