# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On the control plane: a flag of the scheduler has a value that is none; it ends at each start.
inject() { add_flag kube-scheduler --kube-api-qps=many; }
lift() { drop_flag kube-scheduler --kube-api-qps=many; }
