# shellcheck shell=bash
# On a worker: 4 percent of /var/lib are left, less than the kubelet allows.
inject() { fallocate -l "$(df -B1 --output=avail,size /var/lib | awk 'NR == 2 { printf "%d", $1 - $2 * 0.04 }')" /var/lib/ballast; }
lift() { rm /var/lib/ballast; }
