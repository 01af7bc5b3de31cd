# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: somebody ran `iptables -F` and `iptables -t nat -F`; kube-proxy does not notice, Services do not answer.
inject() {
    if [[ ! -s "$state/iptables" ]]; then iptables-save -c >"$state/iptables"; fi
    iptables -w -F
    iptables -w -t nat -F
}
# The rules of then, and kube-proxy, which makes those of Services that came since.
lift() {
    if [[ -s "$state/iptables" ]]; then iptables-restore -w -c <"$state/iptables"; fi
    rm -f "$state/iptables"
    if [[ -e "$state/iptables-drop" ]]; then close_input; else open_input; fi
    restart_static kube-proxy
}
