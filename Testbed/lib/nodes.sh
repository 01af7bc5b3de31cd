# shellcheck shell=bash disable=SC2154 # `up` exports instance_lock
# Booting nodes. Each has a supervisor, since systemd-nspawn ends when its node reboots: the supervisor boots it again.

node_leader() { recorded_process "$(node_dir "$1")/leader"; }
node_cgroup() { echo "$CGROUP_NAME/$1"; }

# The supervisor, a process of its own that outlives `up`: boots until the node is switched off.
supervise() {
    local node="$1" folder status
    folder="$(node_dir "$node")"
    # Not in the node's cgroup: that one is emptied before each boot. Nor in the caller's, which may end before us.
    enter_cgroup supervisors
    # `nice` or `chrt --idle` before `belay-testbed up` is kind to others while it builds; the nodes should not stay slow for it.
    renice -n 0 -p "$BASHPID" >/dev/null
    chrt --other --pid 0 "$BASHPID"
    record_process "$BASHPID" "$folder/supervisor"
    while true; do
        rm -f "$folder/leader" "$folder/boot-again"
        remove_cgroup "$(node_cgroup "$node")"
        if [[ -f "$folder/fresh-disk" ]]; then
            unmount_disk "$node"
            rm -f "$folder/disk-complete" "$folder/fresh-disk"
        fi
        mount_disk "$node"
        mount_small_disk "$node"
        make_cable "$node"
        status=0
        boot_once "$node" "$folder" || status=$?
        # 133: the node asked for a reboot; boot-again: `belay-testbed reboot` did.
        if [[ $status -ne 133 && ! -f "$folder/boot-again" ]]; then break; fi
    done
    rm -f "$folder/leader"
    say "$node ended with status $status"
}

boot_once() {
    local nspawn leader options
    mapfile -t options < <(boot_options "$1" "$2")
    # In a subshell, so that the node's cgroup gets nspawn and not the supervisor. Starting nspawn by `ip netns exec`
    # would hide the cgroup hierarchies from it, so it gets the path of the network namespace.
    (
        enter_cgroup "$1" || exit 1
        exec systemd-nspawn --quiet --register=no --keep-unit --capability=all \
            --system-call-filter='@keyring bpf' --network-namespace-path="$NETNS_FOLDER/$(node_netns "$1")" \
            --machine="$INSTANCE-$1" --hostname="$1" --resolv-conf=off --timezone=off --link-journal=no \
            --directory="$2/root" "${options[@]}"
    ) </dev/null >>"$2/console.log" 2>&1 &
    nspawn=$!
    if wait_for 60 find_leader "$1" "$nspawn"; then
        leader="$(find_leader_pid "$nspawn")"
        record_process "$leader" "$2/leader"
    fi
    wait "$nspawn"
}

# The leader is the child of nspawn that is process 1 of the node.
find_leader_pid() {
    local child
    # shellcheck disable=SC2013 # words: the file is one line of pids
    for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
        if awk '/^NSpid:/ { exit !(NF == 3 && $3 == 1) }' "/proc/$child/status" 2>/dev/null &&
            [[ "$(cat "/proc/$child/comm" 2>/dev/null)" =~ ^(systemd|init)$ ]]; then
            echo "$child"
            return
        fi
    done
    return 1
}

# Succeeds when the wait is over: there is a leader, or nspawn is gone.
find_leader() { [[ ! -d "/proc/$2" ]] || find_leader_pid "$2" >/dev/null; }

node_is_supervised() { recorded_process "$(node_dir "$1")/supervisor" >/dev/null; }

start_node() { # all that a node needs, made where missing; returns before the node is ready
    local node="$1" folder
    folder="$(node_dir "$node")"
    if node_is_supervised "$node" && node_leader "$node" >/dev/null && netns_exists "$(node_netns "$node")"; then return; fi
    mkdir -p "$folder"
    stop_node "$node"
    make_host_keys "$node"
    rm -f "$folder/cut" "$folder/delay"
    setsid "$TESTBED_DIR/belay-testbed" supervise "$node" \
        </dev/null >>"$folder/supervisor.log" 2>&1 {instance_lock}>&- &
    wait_for 180 node_leader "$node" >/dev/null ||
        die "$node did not start; see $folder/supervisor.log and $folder/console.log:
$(tail -qn 5 "$folder/supervisor.log" "$folder/console.log" 2>/dev/null)"
}

stop_node() {
    kill_recorded "$(node_dir "$1")/supervisor"
    remove_cgroup "$(node_cgroup "$1")"
    rm -f "$(node_dir "$1")/leader"
}

# Runs a command in the node, as root, in its cgroup and with a clean environment; needs neither network nor sshd.
exec_in_node() {
    local node="$1" leader
    shift
    leader="$(node_leader "$node")" || die "$node is not running; run: $TESTBED_DIR/belay-testbed up"
    enter_cgroup "$node"
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        TERM="${TERM:-dumb}" nsenter --target "$leader" --mount --uts --ipc --net --pid --cgroup --root --wd -- "$@"
}

in_node() { ( exec_in_node "$@" ); }

wait_until_ready() {
    local node="$1"
    wait_for 120 node_is_ready "$node" ||
        die "$node is not ready after 120 s; see: $TESTBED_DIR/belay-testbed exec $node -- journalctl -b"
    fill_when_asked "$node"
}

# Everything that tests rely on: services, the kubelet stand-in's health, the running container, and a login, unless the
# cable is cut.
node_is_ready() {
    node_services_are_ready "$1" >/dev/null 2>&1 || return 1
    [[ -f "$(node_dir "$1")/cut" ]] || node_answers_ssh "$1" >/dev/null 2>&1
}

node_services_are_ready() {
    if has_no_services "$1"; then return; fi
    # shellcheck disable=SC2016 # expanded in the node
    in_node "$1" sh -c 'systemctl is-active --quiet $(cat /etc/testbed/services) &&
        curl -sf -m 2 http://127.0.0.1:10248/healthz'
}

node_answers_ssh() {
    in_bridge_netns ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=3 \
        -o UserKnownHostsFile="$STATE/known_hosts" -o IdentitiesOnly=yes -i "$STATE/keys/node" \
        "$(node_user "$1")@$(node_address "$1")" true </dev/null >/dev/null
}

reboot_node() { # reboot_node NODE [--clean|--fresh]
    local node="$1" folder leader
    folder="$(node_dir "$node")"
    leader="$(node_leader "$node")" || die "$node is not running; run: $TESTBED_DIR/belay-testbed up"
    touch "$folder/boot-again"
    if [[ "${2:-}" == --fresh ]]; then touch "$folder/fresh-disk"; fi
    # A plain init ends every process, this command too.
    if [[ "${2:-}" == --clean ]]; then in_node "$node" reboot || true; else kill -KILL "$leader"; fi
    wait_for 60 node_has_other_leader "$node" "$leader" || die "$node did not boot again; see $folder/supervisor.log"
    wait_until_ready "$node"
}

node_has_other_leader() {
    local leader
    leader="$(node_leader "$1")" && [[ "$leader" != "$2" ]]
}
