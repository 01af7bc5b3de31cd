# shellcheck shell=bash
# On a worker: 2 percent of the inodes of /var/lib are left, less than the kubelet allows.
inject() {
    mkdir /var/lib/sessions
    seq "$(df --output=iavail,itotal /var/lib | awk 'NR == 2 { printf "%d", $1 - $2 * 0.02 }')" |
        (cd /var/lib/sessions && xargs touch)
}
lift() { rm -r /var/lib/sessions; }
