# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On the control plane: a flag of the controller manager has a value that is none; it ends at each start.
inject() { add_flag kube-controller-manager --node-monitor-period=soon; }
lift() { drop_flag kube-controller-manager --node-monitor-period=soon; }
