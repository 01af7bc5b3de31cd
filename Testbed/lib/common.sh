# shellcheck shell=bash disable=SC2034 # the names are read by the files that source this one
# Names, paths, messages and recorded processes: what every other part stands on.

TESTBED_DIR="$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CHECKOUT="$(dirname "$TESTBED_DIR")"
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/belay/testbed"

# Two checkouts may run testbeds at once, so every name that the whole machine sees carries the instance.
INSTANCE="${BELAY_TESTBED_NAME:-$(printf '%s' "$CHECKOUT" | sha256sum | cut -c1-8)}"
STATE="${BELAY_TESTBED_STATE:-/var/lib/belay-testbed/$INSTANCE}"
BRIDGE_NETNS="belay-$INSTANCE-net"
CGROUP_NAME="belay-testbed-$INSTANCE"
REGISTRY_ADDRESS=10.77.0.1:5000

say() { echo "belay-testbed: $*" >&2; }
die() { say "error: $*"; exit 1; }
usage_error() { say "error: $*"; exit 64; }

# Each booted systemd watches its cgroups and files: the kernel's default for a user is used up by a dozen nodes.
allow_watches() {
    local limit=/proc/sys/fs/inotify/max_user_instances
    if [[ -e "$limit" && "$(<"$limit")" -lt 1024 ]]; then echo 1024 >"$limit" || say "cannot raise $limit"; fi
}

require_root() {
    [[ $EUID -eq 0 ]] || die "needs root (network namespaces, mounts, cgroups); run it with sudo"
}

check_names() {
    [[ "$INSTANCE" =~ ^[a-z0-9][a-z0-9-]{0,23}$ ]] ||
        die "BELAY_TESTBED_NAME '$INSTANCE' must be 1-24 characters of a-z, 0-9 and '-'"
    [[ "$STATE" == /* && "$STATE" != / ]] || die "BELAY_TESTBED_STATE '$STATE' must be an absolute path"
    case "$STATE/" in
        "$CHECKOUT"/*) die "BELAY_TESTBED_STATE '$STATE' lies in the checkout; choose a folder outside it" ;;
    esac
}

node_netns() { echo "belay-$INSTANCE-$1"; }
node_dir() { echo "$STATE/nodes/$1"; }
node_number() {
    if is_variant "$1"; then variant_number "$1"; elif is_kube "$1"; then kube_number "$1"; else echo "$((10 + ${1#node-}))"; fi
}
node_address() { echo "10.77.0.$(node_number "$1")"; }

# The names of the nodes that `up` recorded, one a line.
node_names() {
    local count=0 i
    if [[ -f "$STATE/count" ]]; then count="$(<"$STATE/count")"; fi
    for ((i = 1; i <= count; i++)); do echo "node-$i"; done
    variant_names
    kube_names
}

require_up() { [[ -f "$STATE/count" ]] || die "the testbed is not up; run: $TESTBED_DIR/belay-testbed up"; }

require_node() {
    require_up
    [[ -n "${1:-}" ]] || usage_error "which node? One of: $(node_names | xargs)"
    node_names | grep -xF -- "$1" >/dev/null || die "there is no node '$1'; nodes are: $(node_names | xargs)"
}

# Writes a file by rename, so that a crash leaves the old one or the new one. Usage: write_file PATH <content
write_file() {
    local temporary="$1.tmp.$BASHPID"
    cat >"$temporary"
    mv -f "$temporary" "$1"
}

# --- Recorded processes: pid, start time and boot, because a pid alone may be someone else's by now.

process_start() { # prints the start time (clock ticks after boot) of a live process, fails when there is none
    local stat
    stat="$(cat "/proc/$1/stat" 2>/dev/null)" || return 1
    # The name in parentheses may hold spaces; what follows the last ")" does not.
    # shellcheck disable=SC2086 # split into fields on purpose
    set -- ${stat##*) }
    [[ "$1" != Z && "$1" != X ]] || return 1
    echo "${20}"
}

record_process() { # record_process PID FILE
    local start
    start="$(process_start "$1")" || return 1
    echo "$1 $start $(</proc/sys/kernel/random/boot_id)" | write_file "$2"
}

recorded_process() { # prints the pid that FILE recorded, when that very process still runs
    local pid start boot
    [[ -f "$1" ]] || return 1
    read -r pid start boot <"$1" || return 1
    [[ "$boot" == "$(</proc/sys/kernel/random/boot_id)" ]] || return 1
    [[ "$(process_start "$pid")" == "$start" ]] || return 1
    echo "$pid"
}

kill_recorded() { # kill_recorded FILE [SIGNAL]: kills that very process, if it lives, and forgets it
    local pid
    if pid="$(recorded_process "$1")"; then kill -"${2:-KILL}" "$pid" 2>/dev/null || true; fi
    rm -f "$1"
}

# Repeats a command every 0.1 s until it succeeds. Usage: wait_for SECONDS COMMAND…
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}
