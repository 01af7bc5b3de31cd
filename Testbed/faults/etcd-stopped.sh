# shellcheck shell=bash
# On the control plane: etcd's manifest is gone, and etcd with it.
inject() { take_away /etc/kubernetes/manifests/etcd.yaml; }
lift() { put_back /etc/kubernetes/manifests/etcd.yaml; }
