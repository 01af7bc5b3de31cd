# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On the control plane: the API server's manifest has a flag that it does not know; it ends at each start.
inject() { add_flag kube-apiserver --no-such-flag=true; }
lift() { drop_flag kube-apiserver --no-such-flag=true; }
