# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: containerd is stopped, and not started again. Containers go on.
inject() { systemctl stop containerd; }
lift() { systemctl start containerd; }
