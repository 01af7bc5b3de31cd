# shellcheck shell=bash
# `up --api`: etcd and kube-apiserver on the first node, and node-1, node-2, … registered there. On a booted node all of
# it works by itself: what it needs lies on the node's disk from the start, so reboots and fresh disks need no care.

ADMIN_CONF=/etc/kubernetes/admin.conf
API_PORT=6443
ROLE_LABELS='"node-role.kubernetes.io/control-plane":"","node-role.kubernetes.io/master":""'

# $STATE/api records that this testbed has an API, and the folder of its programs in the cache.
has_api() { [[ -f "$STATE/api" ]]; }

control_plane() { # the first node
    local first
    read -r first < <(node_names)
    echo "$first"
}

# Nodes with other names are of other kinds, some without a kubelet.
cluster_nodes() { node_names | grep '^node-'; }
in_cluster() { has_api && [[ "$1" == node-* ]]; }
is_control_plane() { has_api && [[ "$1" == "$(control_plane)" ]]; }
node_role() { if is_control_plane "$1"; then echo control-plane; else echo worker; fi; }

# What `up` does before the nodes boot; ASKED is empty without --api.
prepare_api() { # prepare_api ASKED
    if ! has_api && [[ -z "$1" ]]; then return; fi
    if ! has_api && compgen -G "$STATE/nodes/*/layers" >/dev/null; then
        die "the testbed's nodes were made without the API; run '$0 down' first, then '$0 up --api'"
    fi
    if ! has_api || [[ ! -d "$(<"$STATE/api")" ]]; then
        make_programs
        kubernetes_path | write_file "$STATE/api"
    fi
    make_certificates
}

make_programs() {
    local path
    if [[ -z "$(offered_version kubernetes-client)" ]]; then apt-get -q update >&2; fi
    remember_offers
    path="$(kubernetes_path)"
    if [[ ! -d "$path" ]]; then "$TESTBED_DIR/install-packages" api; fi
    build_cached "$path" build_kubernetes
}

# --- Certificates, as kubeadm has them: an authority of the instance's own, the server, the administrator, each kubelet.

make_certificates() {
    local folder="$STATE/pki" node server
    if [[ -d "$folder" ]]; then return; fi
    rm -rf "$folder.new"
    (
        umask 077
        mkdir "$folder.new"
        cd "$folder.new" || exit 1
        certify ca "/CN=belay-testbed-$INSTANCE" -addext basicConstraints=critical,CA:true -addext keyUsage=keyCertSign
        server="subjectAltName=IP:$(node_address "$(control_plane)"),IP:127.0.0.1,IP:10.96.0.1,DNS:$(control_plane)"
        server+=,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
        sign apiserver /CN=kube-apiserver serverAuth -addext "$server"
        sign admin /O=system:masters/CN=kubernetes-admin clientAuth
        for node in $(cluster_nodes); do sign "$node" "/O=system:nodes/CN=system:node:$node" clientAuth; done
        openssl ecparam -name prime256v1 -genkey -noout -out sa.key
        openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
        write_admin_conf >admin.conf
    )
    mv "$folder.new" "$folder"
}

certify() { # certify NAME SUBJECT OPTION…: a key and a certificate that signs itself, unless an option says who does
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "$2" \
        -config <(printf '[req]\ndistinguished_name=name\n[name]\n') -keyout "$1.key" -out "$1.crt" "${@:3}" 2>/dev/null
}

sign() { # sign NAME SUBJECT USAGE OPTION…
    certify "$1" "$2" -CA ca.crt -CAkey ca.key -addext basicConstraints=critical,CA:false \
        -addext keyUsage=digitalSignature -addext "extendedKeyUsage=$3" "${@:4}"
}

write_admin_conf() {
    write_kubeconfig kubernetes-admin "certificate-authority-data: $(base64 -w0 ca.crt)" \
        "client-certificate-data: $(base64 -w0 admin.crt)" "client-key-data: $(base64 -w0 admin.key)"
}

write_kubeconfig() { # write_kubeconfig USER AUTHORITY CERTIFICATE KEY
    cat <<YAML
apiVersion: v1
kind: Config
clusters:
- name: testbed
  cluster:
    server: https://$(node_address "$(control_plane)"):$API_PORT
    $2
users:
- name: $1
  user:
    $3
    $4
contexts:
- name: $1@testbed
  context: {cluster: testbed, user: $1}
current-context: $1@testbed
YAML
}

# --- What a node's disk holds for the API.

api_layer() { if is_control_plane "$1"; then echo "$(<"$STATE/api")/api:"; fi; }

write_api_identity() { # write_api_identity NODE ROOT
    local client=/var/lib/kubelet/pki/kubelet-client-current.pem
    if ! in_cluster "$1"; then return; fi
    mkdir -p "$2/etc/kubernetes/pki" "$2/var/lib/kubelet" "$2/usr/local/share/testbed"
    mkdir -m 700 "$2/var/lib/kubelet/pki"
    install -m 644 "$STATE/pki/ca.crt" "$2/etc/kubernetes/pki/ca.crt"
    cat "$STATE/pki/$1.crt" "$STATE/pki/$1.key" | install -m 600 /dev/stdin "$2$client"
    write_kubeconfig "system:node:$1" "certificate-authority: /etc/kubernetes/pki/ca.crt" \
        "client-certificate: $client" "client-key: $client" | install -m 600 /dev/stdin "$2/etc/kubernetes/kubelet.conf"
    registered_node "$1" >"$2/usr/local/share/testbed/node.json"
    if is_control_plane "$1"; then write_control_plane "$1" "$2"; fi
}

write_control_plane() { # write_control_plane NODE ROOT
    local wants="$2/etc/systemd/system/multi-user.target.wants" unit file
    for file in apiserver.crt apiserver.key sa.key sa.pub; do cp "$STATE/pki/$file" "$2/etc/kubernetes/pki/$file"; done
    install -m 600 "$STATE/pki/admin.conf" "$2$ADMIN_CONF"
    mkdir -p "$wants" "$2/etc/default"
    echo "API_ADDRESS=$(node_address "$1")" >"$2/etc/default/kube-apiserver"
    for unit in etcd kube-apiserver; do
        cp "$TESTBED_DIR/control-plane/$unit.service" "$2/etc/systemd/system/"
        ln -s "/etc/systemd/system/$unit.service" "$wants/$unit.service"
    done
}

# The Node object as node-status-stand-in creates it. A kubelet may not give its own node a role label (NodeRestriction),
# so an administrator adds EXTRA-LABELS, as kubeadm does.
registered_node() { # registered_node NODE [EXTRA-LABELS]
    local taints=""
    if is_control_plane "$1"; then taints='"taints":[{"key":"node-role.kubernetes.io/master","effect":"NoSchedule"}]'; fi
    printf '{"apiVersion":"v1","kind":"Node","metadata":{"name":"%s","labels":{%s,%s,%s%s}},"spec":{%s}}\n' "$1" \
        "\"kubernetes.io/hostname\":\"$1\"" '"kubernetes.io/os":"linux"' \
        "\"kubernetes.io/arch\":\"$(dpkg --print-architecture)\"" "${2:+,$2}" "$taints"
}

api_status() { if has_api; then echo ", API $(api_answers && echo up || echo DOWN)"; fi; }
inventory_kubectl() { if has_api; then echo ", kubectl: {host: $(control_plane), kubeconfig: $ADMIN_CONF}"; fi; }

print_api_environment() {
    local has="" node="" configuration="" kubectl=""
    if has_api; then
        has=1 node="$(control_plane)" configuration="$STATE/pki/admin.conf" kubectl="$(<"$STATE/api")/api/usr/bin/kubectl"
    fi
    printf 'export %s=%q\n' BELAY_TESTBED_API "$has" BELAY_TESTBED_CONTROL_PLANE "$node" \
        BELAY_TESTBED_KUBECONFIG "$configuration" BELAY_TESTBED_KUBECTL "$kubectl"
}

# --- The running API.

# On the control-plane node, so that it works whatever happened to cables.
api_kubectl() { in_node "$(control_plane)" kubectl --kubeconfig "$ADMIN_CONF" --request-timeout=60s "$@"; }

# Asked in loops, so not by kubectl, which takes ten times longer.
api_answers() {
    in_node "$(control_plane)" curl -sf -m 5 -o /dev/null --cacert /etc/kubernetes/pki/ca.crt \
        "https://$(node_address "$(control_plane)"):$API_PORT/readyz" 2>/dev/null
}

start_api() {
    in_node "$(control_plane)" systemctl start etcd kube-apiserver || die "etcd or kube-apiserver does not start; see: \
$TESTBED_DIR/belay-testbed exec $(control_plane) -- journalctl -b -u etcd -u kube-apiserver"
    wait_for_api
}

stop_api() { in_node "$(control_plane)" systemctl stop kube-apiserver; }

wait_for_api() {
    wait_for 120 api_answers || die "the API does not answer after 120 s; see: $TESTBED_DIR/belay-testbed exec \
$(control_plane) -- journalctl -b -u etcd -u kube-apiserver"
}

api() {
    require_root
    require_up
    has_api || die "this testbed has no API; run '$0 down', then '$0 up --api'"
    case "${1:-}" in
        start) start_api ;;
        stop) stop_api ;;
        status) if api_answers; then echo up; else echo down; return 3; fi ;;
        *) usage_error "api knows start, stop and status, not '${1:-}'" ;;
    esac
}

# What `up` does once the nodes have booted.
finish_api() {
    local node
    if ! has_api; then return; fi
    start_api
    for node in $(cluster_nodes); do wait_until_registered "$node"; done
    mark_control_plane
}

wait_until_registered() {
    wait_for 120 node_is_registered "$1" || die "$1 is not a Ready node of the API after 120 s; see: \
$TESTBED_DIR/belay-testbed exec $1 -- journalctl -b -u node-status-stand-in -u kubelet"
}

# Waits as long as a Node that is there takes to become Ready.
node_is_registered() { api_kubectl wait --for=condition=Ready --timeout=9s "node/$1" </dev/null >/dev/null 2>&1; }

mark_control_plane() {
    api_kubectl patch node "$(control_plane)" --patch "{\"metadata\":{\"labels\":{$ROLE_LABELS}}}" </dev/null >/dev/null
}

# After a reset or a boot of NODE. Another test may have stopped the API on purpose, so a worker waits for it a while.
restore_registration() { # restore_registration NODE: its Node object as it was registered
    local labels=""
    if ! in_cluster "$1"; then return; fi
    if is_control_plane "$1"; then
        labels="$ROLE_LABELS"
        start_api
    else
        wait_for 60 api_answers || start_api
    fi
    # It looks only once a minute whether its node is still there.
    node_is_registered "$1" || in_node "$1" systemctl restart node-status-stand-in
    wait_until_registered "$1"
    # The node's own status may come between the look and the replacement; then it is a conflict, and done again.
    wait_for 20 replace_registration "$1" "$labels" 2>/dev/null || replace_registration "$1" "$labels"
}

replace_registration() { registered_node "$1" "$2" | api_kubectl replace -f - >/dev/null; }
