# shellcheck shell=bash
# On any node: the kubelet's configuration has a field that is none, and no YAML; the kubelet ends at each start.
inject() {
    keep /var/lib/kubelet/config.yaml
    echo "bogusField: [" >>/var/lib/kubelet/config.yaml
    systemctl restart kubelet
}
lift() {
    put_back /var/lib/kubelet/config.yaml
    systemctl restart kubelet
}
