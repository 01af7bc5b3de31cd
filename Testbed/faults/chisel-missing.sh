# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: the management platform's tunnel (a stand-in) does not run: its program is gone, and its unit fails.
inject() {
    take_away /usr/local/bin/chisel-stand-in
    systemctl restart chisel || true
}
lift() {
    give_back /usr/local/bin/chisel-stand-in
    systemctl reset-failed chisel || true
    systemctl restart chisel
}
