# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: after a kernel upgrade modules-load.d wants modules that this kernel lacks, and bridges pass the firewall by.
# Both are what a node looks like whose br_netfilter could not be loaded; systemd-modules-load says so in its log and does not fail.
# The kernel is the machine's, has it built in and keeps it.
inject() {
    printf 'overlay-of-the-last-kernel\nbr_netfilter-of-the-last-kernel\n' >/etc/modules-load.d/kubernetes.conf
    systemctl restart systemd-modules-load 2>/dev/null || true
    echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables
}
lift() {
    rm -f /etc/modules-load.d/kubernetes.conf
    systemctl restart systemd-modules-load
    echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
}
