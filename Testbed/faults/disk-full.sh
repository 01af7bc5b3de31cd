# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On a worker: 4 percent of /var/lib are left, less than the kubelet allows.
inject() {
    rm -f /var/lib/ballast
    fallocate -l "$(df -B1 --output=avail,size /var/lib | awk 'NR == 2 { printf "%d", $1 - $2 * 0.04 }')" /var/lib/ballast
}
lift() { rm -f /var/lib/ballast; }
