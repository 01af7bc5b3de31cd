# shellcheck shell=bash disable=SC2154 # `up` exports instance_lock
# What runs in the bridge's namespace, where nodes reach it at 10.77.0.1: the registry that they pull from, and for the nodes of
# the cluster a DNS server, and the far end of their management agents.

BRIDGE_ADDRESS=10.77.0.1
# 4505 is what a salt master publishes on, 8443 where the tunnel's server listens.
MANAGEMENT_PORTS=(4505 8443)

start_services() {
    start_service registry "$REGISTRY_ADDRESS"
    if ! has_kubernetes; then return; fi
    add_kube_images
    write_dns_names | write_file "$STATE/dns.hosts"
    start_service dns "$BRIDGE_ADDRESS:53"
    # It reads its names again: nodes may have been added.
    kill -HUP "$(recorded_process "$STATE/dns.pid")"
    start_service management-stand-in "$BRIDGE_ADDRESS:${MANAGEMENT_PORTS[0]}"
}

start_service() { # start_service NAME ADDRESS:PORT
    if recorded_process "$STATE/$1.pid" >/dev/null; then return; fi
    if [[ "$1" == registry ]]; then prepare_registry; fi
    setsid "$TESTBED_DIR/belay-testbed" supervise-service "$1" \
        </dev/null >>"$STATE/$1.log" 2>&1 {instance_lock}>&- &
    wait_for 10 service_answers "$1" "$2" || die "the service '$1' does not answer on $2; see $STATE/$1.log"
}

service_answers() { # service_answers NAME ADDRESS:PORT
    recorded_process "$STATE/$1.pid" >/dev/null && in_bridge_netns bash -c ": </dev/tcp/${2/://}" 2>/dev/null
}

registry_answers() { service_answers registry "$REGISTRY_ADDRESS"; }

run_service() { # run_service NAME
    local command
    case "$1" in
        registry) command=(docker-registry serve "$STATE/registry.yml") ;;
        dns) command=(dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --log-facility=- --no-resolv
            --no-hosts --addn-hosts="$STATE/dns.hosts" --domain=testbed --expand-hosts --local=/testbed/ --local=//
            --bind-interfaces --listen-address="$BRIDGE_ADDRESS") ;;
        management-stand-in) command=(perl "$TESTBED_DIR/lib/management-stand-in.pl" "$BRIDGE_ADDRESS" "${MANAGEMENT_PORTS[@]}") ;;
    esac
    enter_cgroup supervisors
    record_process "$BASHPID" "$STATE/$1.pid"
    exec nsenter --net="$NETNS_FOLDER/$BRIDGE_NETNS" -- "${command[@]}"
}

prepare_registry() {
    if [[ ! -d "$STATE/registry" ]]; then
        cp -a "$(images_path)/registry" "$STATE/registry.new"
        mv "$STATE/registry.new" "$STATE/registry"
    fi
    write_registry_config "$STATE/registry" "$REGISTRY_ADDRESS" | write_file "$STATE/registry.yml"
}

# The registry looks at its folder with each question.
add_kube_images() {
    if [[ -f "$STATE/registry/has-kubernetes" ]]; then return; fi
    cp -a --no-clobber "$(kube_images_path)/worker/registry/." "$STATE/registry/"
    touch "$STATE/registry/has-kubernetes"
}

# As /etc/hosts has them. What is not here does not exist, and there is nobody else to ask.
write_dns_names() {
    local node
    for node in $(node_names); do echo "$(node_address "$node") $node"; done
    echo "$BRIDGE_ADDRESS registry management"
}
