# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: resolv.conf names a server that does not answer.
inject() { replace /etc/resolv.conf 's/^nameserver 10.77.0.1$/nameserver 10.77.0.254/'; }
lift() { replace /etc/resolv.conf 's/^nameserver 10.77.0.254$/nameserver 10.77.0.1/'; }
