# shellcheck shell=bash
# On the control plane: the scheduler's manifest is gone; new pods stay Pending.
inject() { take_away /etc/kubernetes/manifests/kube-scheduler.yaml; }
lift() { put_back /etc/kubernetes/manifests/kube-scheduler.yaml; }
