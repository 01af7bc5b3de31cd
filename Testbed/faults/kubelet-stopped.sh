# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: the kubelet is stopped, and not started again.
inject() { systemctl stop kubelet; }
lift() { systemctl start kubelet; }
