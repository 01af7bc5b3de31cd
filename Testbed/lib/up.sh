# shellcheck shell=bash
# `up` makes what is missing and `down` removes what is there, each at any time: after a success, a crash or half a run.

# One of up, down at a time for an instance. The lock lies beside the state folder, since `down` removes that. Helpers of
# an `up` that was killed hold it until they end; only supervisors, which outlive it on purpose, close it.
lock_instance() {
    mkdir -p "$(dirname "$STATE")"
    exec {instance_lock}>"$STATE.lock"
    export instance_lock
    flock --nonblock "$instance_lock" || {
        say "waiting for another up or down of '$INSTANCE'"
        flock "$instance_lock"
    }
}

up() {
    local count="" api="" variants="" kubernetes="" build_only=""
    while [[ $# -gt 0 ]]; do
        case "$1" in
            --nodes) [[ "${2:-}" =~ ^[0-9]+$ ]] || usage_error "--nodes takes a number"; count="$2"; shift 2 ;;
            --api) api=1; shift ;;
            --kubernetes) kubernetes=1; shift ;;
            --build-only) build_only=1; shift ;;
            --variants) [[ -n "${2:-}" ]] || usage_error "--variants takes names or 'all'"; variants="$2"; shift 2 ;;
            *) usage_error "up knows only --nodes N, --api, --kubernetes, --variants LIST and --build-only, not '$1'" ;;
        esac
    done
    check_variants "$variants"
    require_root
    "$TESTBED_DIR/install-packages" testbed
    lock_instance
    check_state_folder
    record_count "$count"
    record_variants "$variants"
    build_cached "$(base_path)" build_base
    build_cached "$(layer_path)" build_layer
    build_cached "$(images_path)" build_images
    prepare_api "$api"
    prepare_kubernetes "$kubernetes"
    build_variant_roots
    if [[ -n "$build_only" ]]; then return; fi
    make_user_keys
    allow_watches
    make_bridge
    start_services
    start_all_nodes || die "not every node started; see above, then run '$0 up' again, or '$0 down'"
    finish_api
    finish_kubernetes
}

# `down` removes the whole state folder, so it must be one that `up` made.
check_state_folder() {
    if [[ ! -d "$STATE" || -f "$STATE/.belay-testbed" ]]; then return; fi
    [[ -z "$(ls -A "$STATE")" ]] || die "$STATE is not empty and not a testbed's; set BELAY_TESTBED_STATE to a new folder"
}

record_count() {
    local recorded=""
    if [[ -f "$STATE/count" ]]; then recorded="$(<"$STATE/count")"; fi
    if [[ -n "$recorded" && -n "$1" && "$1" != "$recorded" ]]; then
        die "the testbed is up with $recorded nodes; run '$0 down' first, then '$0 up --nodes $1'"
    fi
    local count="${1:-${recorded:-3}}"
    ((count >= 0 && count <= 200)) || usage_error "--nodes must be from 0 to 200"
    mkdir -p "$STATE"
    touch "$STATE/.belay-testbed"
    mkdir -p "$STATE/nodes"
    echo "$count" | write_file "$STATE/count"
}

start_all_nodes() {
    local node pids=() pid failed=0
    for node in $(node_names); do (mkdir -p "$(node_dir "$node")"; make_host_keys "$node") & pids+=($!); done
    for pid in "${pids[@]}"; do wait "$pid" || return 1; done
    write_known_hosts
    write_inventory
    pids=()
    # A process each and not `start_node && wait…`, which would switch `set -e` off within them.
    for node in $(node_names); do "$TESTBED_DIR/belay-testbed" start-node "$node" & pids+=($!); done
    for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
    return "$failed"
}

# By what was recorded (pids with start times) and by what bears the instance's name (cgroups, namespaces, mounts in the
# state folder), so that a lost record leaves nothing behind.
down() {
    require_root
    lock_instance
    check_state_folder
    local record
    for record in "$STATE"/nodes/*/supervisor "$STATE"/nodes/*/relay "$STATE"/*.pid; do kill_recorded "$record"; done
    remove_cgroup "$CGROUP_NAME"
    unmount_below "$STATE"
    remove_namespaces
    rm -rf --one-file-system "$STATE"
    rm -f "$STATE.lock"
}

unmount_below() {
    local mount
    while read -r mount; do
        umount "$mount" || die "cannot unmount $mount; who uses it? fuser -vm $mount"
    done < <(awk -v folder="$1/" 'index($5, folder) == 1 { print $5 }' /proc/self/mountinfo | tac)
}

remove_namespaces() {
    local path
    # shellcheck disable=SC2153 # the array is set by variant-roots.sh
    for path in "$NETNS_FOLDER/$BRIDGE_NETNS" "$NETNS_FOLDER/belay-$INSTANCE-node-"* \
        "$NETNS_FOLDER/belay-$INSTANCE-kube-"* "${VARIANTS[@]/#/$NETNS_FOLDER/belay-$INSTANCE-}"; do
        if [[ -e "$path" ]]; then remove_netns "${path##*/}"; fi
    done
}

status() {
    require_root
    if [[ ! -f "$STATE/count" ]]; then echo "testbed '$INSTANCE' is down"; return; fi
    echo "testbed '$INSTANCE' in $STATE, registry $(registry_answers && echo up || echo DOWN)$(api_status)"
    printf '%-10s %-12s %-8s %-8s %-8s %-8s %s\n' NODE ADDRESS LEADER CABLE SSH KUBELET RUNTIME
    local node
    for node in $(node_names); do status_of "$node"; done
}

status_of() {
    local leader=- ssh=down kubelet=down runtime=down cable=cut
    if cable_is_up "$1"; then cable=up; fi
    if leader="$(node_leader "$1")"; then
        if node_answers_ssh "$1" 2>/dev/null; then ssh=up; fi
        if kubelet_is_healthy "$1"; then kubelet=healthy; fi
        if runtime_answers "$1" >/dev/null 2>&1; then runtime=up; fi
    fi
    if [[ "$1" == plain ]]; then kubelet=- runtime=-; fi
    printf '%-10s %-12s %-8s %-8s %-8s %-8s %s\n' "$1" "$(node_address "$1")" "${leader:--}" "$cable" "$ssh" "$kubelet" \
        "$runtime"
}

print_environment() {
    require_up
    local nodes
    nodes="$(node_names | sed -n '/^node-/p' | xargs)"
    printf 'export %s=%q\n' \
        BELAY_TESTBED_DIR "$STATE" BELAY_TESTBED_NETNS "$BRIDGE_NETNS" BELAY_TESTBED_NODES "$nodes" \
        BELAY_TESTBED_VARIANTS "$(variant_names | xargs)" \
        BELAY_TESTBED_INVENTORY "$STATE/inventory.yaml" BELAY_TESTBED_KNOWN_HOSTS "$STATE/known_hosts" \
        BELAY_TESTBED_KEY "$STATE/keys/node" BELAY_TESTBED_KEY_ECDSA "$STATE/keys/node_ecdsa" \
        BELAY_TESTBED_KUBERNETES "$(if has_kubernetes; then echo "$STATE/kubernetes.yaml"; fi)" \
        BELAY_TESTBED_COMMAND "$TESTBED_DIR/belay-testbed" BELAY_TESTBED_REGISTRY "$REGISTRY_ADDRESS"
    print_api_environment
}
