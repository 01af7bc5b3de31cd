# shellcheck shell=bash
# Host keys, user keys, and the two files that clients read: inventory.yaml and known_hosts.

make_key() { # make_key TYPE FILE COMMENT
    if [[ -f "$2" && -f "$2.pub" ]]; then return; fi
    rm -f "$2" "$2.pub"
    ssh-keygen -q -t "$1" -N '' -C "$3" -f "$2"
}

make_user_keys() {
    mkdir -p "$STATE/keys"
    chmod 700 "$STATE/keys"
    make_key ed25519 "$STATE/keys/node" belay-testbed
    make_key ecdsa "$STATE/keys/node_ecdsa" belay-testbed-ecdsa
    cat "$STATE/keys/node.pub" "$STATE/keys/node_ecdsa.pub" >"$STATE/keys/authorized_keys"
}

make_host_keys() { # once per node: a node keeps its identity over reboots and resets
    local folder type
    folder="$(node_dir "$1")/host-keys"
    mkdir -p "$folder"
    for type in ed25519 ecdsa; do make_key "$type" "$folder/ssh_host_${type}_key" "root@$1"; done
}

write_known_hosts() {
    local node type
    for node in $(node_names); do
        for type in ed25519 ecdsa; do
            echo "$(node_address "$node") $(cut -d' ' -f1,2 "$(node_dir "$node")/host-keys/ssh_host_${type}_key.pub")"
        done
    done | write_file "$STATE/known_hosts"
}

inventory_head() { # inventory_head CLUSTER KUBECTL
    cat <<YAML
apiVersion: belay/v1
kind: Inventory
cluster: {name: $1, environment: production$2}
defaults: {user: root, port: 22, identityFiles: [$STATE/keys/node], knownHosts: [$STATE/known_hosts]}
nodes:
YAML
}

inventory_node() { echo "- {name: $1, address: $(node_address "$1"), roles: [$2], pool: workers}"; } # inventory_node NODE ROLE

write_inventory() {
    local node
    {
        inventory_head testbed "$(inventory_kubectl)"
        for node in $(node_names); do
            if is_variant "$node"; then inventory_line "$node"; continue; fi
            if ! is_kube "$node"; then inventory_node "$node" "$(node_role "$node")"; fi
        done
    } | write_file "$STATE/inventory.yaml"
    if has_kubernetes; then write_kube_inventory | write_file "$STATE/kubernetes.yaml"; fi
}

write_kube_inventory() {
    local node
    inventory_head kubernetes ", kubectl: {host: ${KUBE_NODES[0]}, kubeconfig: $ADMIN_CONF}"
    for node in "${KUBE_NODES[@]}"; do inventory_node "$node" "$(kube_role "$node")"; done
}
