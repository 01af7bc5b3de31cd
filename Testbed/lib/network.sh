# shellcheck shell=bash
# One namespace with a bridge, where clients live; one namespace per node, joined by a veth. Nothing leads out.

NETNS_FOLDER=/run/netns

netns_exists() { [[ -e "$NETNS_FOLDER/$1" ]] && nsenter --net="$NETNS_FOLDER/$1" true 2>/dev/null; }

make_netns() {
    if netns_exists "$1"; then return; fi
    # After a host reboot, or a crash between making the name and mounting it, the name is there without a namespace.
    remove_netns "$1"
    ip netns add "$1"
    ip -n "$1" link set lo up
}

remove_netns() {
    if [[ -e "$NETNS_FOLDER/$1" ]]; then ip netns delete "$1" 2>/dev/null || rm -f "$NETNS_FOLDER/$1"; fi
}

make_bridge() {
    make_netns "$BRIDGE_NETNS"
    ip -n "$BRIDGE_NETNS" link show br0 >/dev/null 2>&1 || ip -n "$BRIDGE_NETNS" link add br0 type bridge
    # forward_delay 0: a port forwards at once instead of after 15 s.
    ip -n "$BRIDGE_NETNS" link set br0 type bridge forward_delay 0
    ip -n "$BRIDGE_NETNS" address replace 10.77.0.1/24 dev br0
    ip -n "$BRIDGE_NETNS" link set br0 up
}

# The node's cable: `NODE` is the port on the bridge, `eth0` its other end in the node. Made anew for each boot, since a
# namespace that outlived the boot would keep firewall rules and routes, which no reboot does. A cut and a delay stay.
make_cable() {
    local node="$1" netns
    netns="$(node_netns "$node")"
    ip -n "$BRIDGE_NETNS" link delete "$node" 2>/dev/null || true
    remove_netns "$netns"
    make_netns "$netns"
    ip -n "$BRIDGE_NETNS" link add "$node" type veth peer name eth0 netns "$netns"
    ip -n "$BRIDGE_NETNS" link set "$node" master br0
    # The same hardware address at each boot, else clients' ARP caches would miss the node for half a minute.
    ip -n "$netns" link set eth0 address "$(printf '02:77:00:00:00:%02x' "$(node_number "$node")")"
    ip -n "$netns" address add "$(node_address "$node")/24" dev eth0
    ip -n "$netns" link set eth0 up
    restore_cable_faults "$node"
    ip -n "$netns" route replace default via 10.77.0.1
    make_kube_network "$node" "$netns"
    # Inside a booted node /proc/sys/net is read-only, so what containers need is set before.
    nsenter --net="$NETNS_FOLDER/$netns" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
}

restore_cable_faults() {
    local folder
    folder="$(node_dir "$1")"
    if [[ -f "$folder/delay" ]]; then delay_cable "$1" "$(<"$folder/delay")"; fi
    if [[ -f "$folder/cut" ]]; then cut_cable "$1"; else mend_cable "$1"; fi
}

# Both ways at the port; one way between the node and those that live in the bridge's namespace, the clients: what they
# send it (`to`) or what it sends them (`from`) is lost.
cut_cable() { # cut_cable NODE [to|from]
    case "${2:-}" in
        '') touch "$(node_dir "$1")/cut"; ip -n "$BRIDGE_NETNS" link set "$1" down ;;
        to | from) one_way "$1" "$2" -I ;;
        *) usage_error "cut NODE takes 'to' or 'from', not '$2'" ;;
    esac
}

mend_cable() {
    rm -f "$(node_dir "$1")/cut"
    ip -n "$BRIDGE_NETNS" link set "$1" up
    while one_way "$1" to -D || one_way "$1" from -D; do :; done 2>/dev/null
}

one_way() { # one_way NODE to|from -I|-D
    case "$2" in
        to) in_bridge_netns iptables -w "$3" OUTPUT -d "$(node_address "$1")" -j DROP ;;
        from) in_bridge_netns iptables -w "$3" INPUT -s "$(node_address "$1")" -j DROP ;;
    esac
}
cable_is_up() { [[ "$(ip -n "$BRIDGE_NETNS" link show "$1" 2>/dev/null)" == *"<"*",UP"*">"* ]]; }

# Added to each packet on its way to the node, so once to a round trip: by netem where the kernel has it, else by a relay.
delay_cable() { # delay_cable NODE MILLISECONDS
    undelay_cable "$1"
    if ! tc -n "$BRIDGE_NETNS" qdisc replace dev "$1" root netem delay "$2ms" 2>/dev/null; then relay_cable "$1" "$2"; fi
    echo "$2" | write_file "$(node_dir "$1")/delay"
}

# br0 - tap a-NODE - relay - tap b-NODE - bridge d-NODE - the node's port
relay_cable() { # relay_cable NODE MILLISECONDS
    local node="$1" folder tap
    folder="$(node_dir "$node")"
    : >"$folder/relay.log"
    (
        # Under `up` the relay would keep the instance locked for as long as it lives.
        if [[ -n "${instance_lock:-}" ]]; then exec {instance_lock}>&-; fi
        record_process "$BASHPID" "$folder/relay"
        exec nsenter --net="$NETNS_FOLDER/$BRIDGE_NETNS" perl "$TESTBED_DIR/lib/delay-relay.pl" "$2" "a-$node" "b-$node"
    ) </dev/null >"$folder/relay.log" 2>&1 &
    for _ in $(seq 50); do grep -q ready "$folder/relay.log" && break; sleep 0.1; done
    grep -q ready "$folder/relay.log" || die "the delaying relay of $node did not start: $(<"$folder/relay.log")"
    ip -n "$BRIDGE_NETNS" link add "d-$node" type bridge forward_delay 0
    for tap in "a-$node" "b-$node" "d-$node"; do ip -n "$BRIDGE_NETNS" link set "$tap" up; done
    ip -n "$BRIDGE_NETNS" link set "b-$node" master "d-$node"
    ip -n "$BRIDGE_NETNS" link set "$node" master "d-$node"
    ip -n "$BRIDGE_NETNS" link set "a-$node" master br0
}

undelay_cable() {
    local queues
    rm -f "$(node_dir "$1")/delay"
    if ip -n "$BRIDGE_NETNS" link show "d-$1" >/dev/null 2>&1; then ip -n "$BRIDGE_NETNS" link set "$1" master br0; fi
    ip -n "$BRIDGE_NETNS" link delete "d-$1" 2>/dev/null || true
    kill_recorded "$(node_dir "$1")/relay"
    queues="$(tc -n "$BRIDGE_NETNS" qdisc show dev "$1")"
    if [[ "$queues" == *netem* ]]; then tc -n "$BRIDGE_NETNS" qdisc delete dev "$1" root; fi
}

in_bridge_netns() { nsenter --net="$NETNS_FOLDER/$BRIDGE_NETNS" -- "$@"; }
