# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On a worker: 4 percent of /var/lib are left, less than the kubelet allows; a core dump of three days ago has the rest.
core=/var/lib/systemd/coredump/core.testbed.0.1.zst
inject() {
    rm -f "$core"
    mkdir -p "${core%/*}"
    fallocate -l "$(df -B1 --output=avail,size /var/lib | awk 'NR == 2 { printf "%d", $1 - $2 * 0.04 }')" "$core"
    touch -d '3 days ago' "$core"
}
lift() { rm -f "$core"; }
