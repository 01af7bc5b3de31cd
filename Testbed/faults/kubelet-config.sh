# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: the kubelet's configuration has a field that is none, and no YAML; the kubelet ends at each start.
inject() {
    # shellcheck disable=SC2016 # sed's last line
    replace /var/lib/kubelet/config.yaml '$a bogusField: ['
    systemctl restart kubelet
}
lift() {
    replace /var/lib/kubelet/config.yaml '/^bogusField: \[$/d'
    systemctl restart kubelet
}
