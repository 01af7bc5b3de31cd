# shellcheck shell=bash
# On the control plane: a flag of the controller manager has a value that is none; it ends at each start.
inject() {
    keep /etc/kubernetes/manifests/kube-controller-manager.yaml
    replace /etc/kubernetes/manifests/kube-controller-manager.yaml \
        's/^    - kube-controller-manager$/&\n    - --node-monitor-period=soon/'
}
lift() { put_back /etc/kubernetes/manifests/kube-controller-manager.yaml; }
