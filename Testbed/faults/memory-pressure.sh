# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On a worker: a process takes 1 GB, and the node was promised (evictionHard) what it then has not; the kubelet says MemoryPressure.
# The machine has memory for all nodes, so the threshold is raised to 500 MB below what the node has now, and then really missed.
line="evictionHard: {memory.available: "
idle_pages() { awk '$1 == "total_inactive_file" { print $2 }' /sys/fs/cgroup/memory/memory.stat; }
inject() {
    local total in_use threshold
    total="$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)"
    # As the kubelet counts: the node's cgroup without the pages of files that are not in use.
    in_use=$(($(cat /sys/fs/cgroup/memory/memory.usage_in_bytes) - $(idle_pages)))
    threshold=$((total / 1024 - in_use / 1048576 - 500))
    replace /var/lib/kubelet/config.yaml "/^evictionHard:/d"
    replace /var/lib/kubelet/config.yaml "\$a $line${threshold}Mi, nodefs.available: 10%, nodefs.inodesFree: 5%, imagefs.available: 15%}"
    systemctl restart kubelet
    systemctl stop report-generator 2>/dev/null || true
    # shellcheck disable=SC2016 # Perl's
    systemd-run --quiet --collect --unit=report-generator --description='takes memory (fault memory-pressure)' \
        perl -e 'my $taken = "x" x (1 << 30); sleep 1 while 1'
}
lift() {
    systemctl stop report-generator 2>/dev/null || true
    replace /var/lib/kubelet/config.yaml "/^$line/d"
    systemctl restart kubelet
}
