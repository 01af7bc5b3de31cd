# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: the management platform's client (a stand-in) says that an upgrade was left half done.
inject() {
    mkdir -p /var/lib/rctl-stand-in
    cat >/var/lib/rctl-stand-in/apply <<TEXT
last apply: partial
kube-1   control-plane   kubelet v1.20.2   complete
$(hostname)   node            kubelet v1.20.2   failed: timed out waiting for the node to drain
TEXT
}
lift() { rm -f /var/lib/rctl-stand-in/apply; }
