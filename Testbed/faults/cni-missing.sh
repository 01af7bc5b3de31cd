# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: the CNI's configuration is gone after an upgrade; the node is NotReady (NetworkPluginNotReady).
inject() { take_away /etc/cni/net.d/10-testbed.conflist; }
lift() { give_back /etc/cni/net.d/10-testbed.conflist; }
