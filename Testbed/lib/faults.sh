# shellcheck shell=bash
# Faults that tests ask for, and the way back from them.

set_kubelet() { # set_kubelet NODE healthy|crash-loop|hang|bad-config
    [[ "$1" != plain ]] || usage_error "the node 'plain' has no kubelet"
    case "$2" in
        healthy) in_node "$1" sh -c 'rm -f /etc/testbed/kubelet-mode &&
            cp /usr/local/share/testbed/kubelet-config.yaml /var/lib/kubelet/config.yaml' ;;
        crash-loop | hang) in_node "$1" tee /etc/testbed/kubelet-mode <<<"$2" >/dev/null ;;
        # The very line that was recorded to break a real kubelet: an unknown field, and no YAML.
        bad-config) in_node "$1" sh -c 'echo "bogusField: [" >>/var/lib/kubelet/config.yaml' ;;
        *) usage_error "kubelet mode '$2' is none of healthy, crash-loop, hang, bad-config" ;;
    esac
    # `restart` of a process that hangs and of one that waits for its next start are the same to systemd.
    in_node "$1" systemctl restart kubelet
    if [[ "$2" == healthy ]]; then
        wait_for 15 kubelet_is_healthy "$1" || die "the kubelet stand-in of $1 did not become healthy"
    fi
}

kubelet_is_healthy() { in_node "$1" curl -sf -m 2 -o /dev/null http://127.0.0.1:10248/healthz 2>/dev/null; }

# The node as it was after its first boot, as far as that is possible without a reboot.
reset_node() {
    local node="$1"
    mend_cable "$node"
    undelay_cable "$node"
    free_until_ready "$node"
    in_node "$node" bash -s <"$TESTBED_DIR/lib/reset-in-node.sh"
    wait_until_ready "$node"
}
