# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On the control plane: the scheduler's manifest is gone; new pods stay Pending.
inject() { take_away "$manifests/kube-scheduler.yaml"; }
lift() { give_back "$manifests/kube-scheduler.yaml"; }
