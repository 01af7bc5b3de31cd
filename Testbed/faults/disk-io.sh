# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On a worker: a process writes to /var/lib and syncs without an end; whoever shares the disk waits.
inject() {
    systemctl stop backup-to-disk 2>/dev/null || true
    systemd-run --quiet --collect --unit=backup-to-disk --description='writes without an end (fault disk-io)' \
        sh -c 'while :; do dd if=/dev/zero of=/var/lib/backup bs=256k count=800 oflag=dsync status=none; done'
}
lift() {
    systemctl stop backup-to-disk 2>/dev/null || true
    rm -f /var/lib/backup
}
