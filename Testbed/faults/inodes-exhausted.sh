# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On a worker: 2 percent of the inodes of /var/lib are left, less than the kubelet allows.
inject() {
    mkdir -p /var/lib/sessions
    seq "$(df --output=iavail,itotal /var/lib | awk 'NR == 2 { printf "%d", $1 - $2 * 0.02 }')" |
        (cd /var/lib/sessions && xargs touch)
}
lift() { rm -rf /var/lib/sessions; }
