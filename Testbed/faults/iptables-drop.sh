# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: INPUT drops all but SSH and what answers.
inject() { close_input; }
lift() { open_input; }
