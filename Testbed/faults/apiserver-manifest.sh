# shellcheck shell=bash
# On the control plane: the API server's manifest has a flag that it does not know; it ends at each start.
inject() {
    keep /etc/kubernetes/manifests/kube-apiserver.yaml
    replace /etc/kubernetes/manifests/kube-apiserver.yaml 's/^    - kube-apiserver$/&\n    - --no-such-flag=true/'
}
lift() { put_back /etc/kubernetes/manifests/kube-apiserver.yaml; }
