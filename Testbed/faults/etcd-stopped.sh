# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On the control plane: etcd's manifest is gone, and etcd with it.
inject() { take_away "$manifests/etcd.yaml"; }
lift() { give_back "$manifests/etcd.yaml"; }
