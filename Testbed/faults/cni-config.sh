# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: the CNI's configuration names a plugin that is not there; new pods get no network.
file=/etc/cni/net.d/10-testbed.conflist
inject() { replace "$file" 's/"type":"bridge"/"type":"bridge-of-the-next-release"/'; }
lift() { replace "$file" 's/"type":"bridge-of-the-next-release"/"type":"bridge"/'; }
