# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: after a security baseline what the CNI's bridge carries passes kube-proxy's rules by (bridge-nf-call-iptables is 0).
# A pod that asks a Service which leads to its own node gets no answer then. Each network namespace has its own parameter.
inject() { echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables; }
lift() { echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables; }
