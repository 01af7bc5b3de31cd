# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: the management platform's tunnel (a stand-in) is stopped, and not started again.
inject() { systemctl stop chisel; }
lift() { systemctl start chisel; }
