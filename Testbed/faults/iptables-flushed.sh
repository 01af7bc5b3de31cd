# shellcheck shell=bash
# On any node: somebody ran `iptables -F` and `iptables -t nat -F`; kube-proxy does not notice, Services do not answer.
inject() {
    iptables-save -c >/var/lib/testbed/iptables
    iptables -F
    iptables -t nat -F
}
lift() { iptables-restore -c </var/lib/testbed/iptables; }
