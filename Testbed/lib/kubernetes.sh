# shellcheck shell=bash
# `up --kubernetes`: a cluster that kubeadm makes of three more nodes. kube-1 is its control plane, in static pods; kube-2
# and kube-3 are its workers. All of it lies on the nodes' disks, so reboots need no care.

KUBE_NODES=(kube-1 kube-2 kube-3)
KUBE_TOKEN=testbd.0123456789abcdef

has_kubernetes() { [[ -f "$STATE/kubernetes" ]]; }
kube_names() { if has_kubernetes; then printf '%s\n' "${KUBE_NODES[@]}"; fi; }
is_kube() { [[ "$1" == kube-* ]]; }
kube_number() { echo $((240 + ${1#kube-})); }
kube_role() { if [[ "$1" == "${KUBE_NODES[0]}" ]]; then echo control-plane; else echo worker; fi; }
pod_network() { echo "10.244.${1#kube-}.0/24"; }

# --- Roots, programs and images

kube_packages() { echo containernetworking-plugins conntrack ipset ebtables ethtool socat; }

kube_lower() {
    # shellcheck disable=SC2046 # a list of names
    echo "$(packages_path $(kube_packages))/upper:$(base_path)"
}

kube_layer_path() {
    echo "$CACHE/layer-kube-$({
        layer_digest
        kube_lower
        declare -f configure_kube
        cd "$TESTBED_DIR/rootfs-kube" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -c1-16)"
}

configure_kube() {
    configure_root "$1"
    chroot "$1" systemctl disable node-status-stand-in testbed-app
    rm -r "$1/usr/local/bin/kubelet-stand-in" "$1/usr/local/bin/node-status-stand-in" \
        "$1/etc/systemd/system/node-status-stand-in.service" "$1/etc/systemd/system/testbed-app.service" \
        "$1/var/lib/kubelet/config.yaml"
    cp -a --no-preserve=ownership "$TESTBED_DIR/rootfs-kube/." "$1/"
    ln -s management-agent-stand-in "$1/usr/local/bin/salt-minion-stand-in"
    ln -s management-agent-stand-in "$1/usr/local/bin/chisel-stand-in"
    ln -s rctl-stand-in "$1/usr/local/bin/rctl"
    chroot "$1" systemctl enable salt-minion-rafay chisel
}

# What `up` does before the nodes boot; ASKED is empty without --kubernetes.
prepare_kubernetes() { # prepare_kubernetes ASKED
    if [[ -n "$1" ]]; then touch "$STATE/kubernetes"; fi
    if ! has_kubernetes; then return; fi
    # shellcheck disable=SC2046 # a list of names
    build_cached "$(packages_path $(kube_packages))" build_packages $(kube_packages)
    build_cached "$(kube_layer_path)" build_upper "$(kube_lower)" configure_kube
    make_programs
    build_cached "$(kube_images_path)" build_kube_images
}

kube_layers() { echo "$(kubernetes_path)/node:$(kube_layer_path)/upper:$(kube_lower)"; }

# --- What makes a node that node

write_kube_identity() { # write_kube_identity NODE ROOT
    if ! is_kube "$1"; then return; fi
    mkdir -p "$2/etc/cni/net.d" "$2/etc/kubernetes"
    cat >"$2/etc/cni/net.d/10-testbed.conflist" <<JSON
{"cniVersion":"0.4.0","name":"testbed","plugins":[
{"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,
"ipam":{"type":"host-local","ranges":[[{"subnet":"$(pod_network "$1")"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
{"type":"portmap","capabilities":{"portMappings":true}}]}
JSON
    if [[ "$1" == "${KUBE_NODES[0]}" ]]; then
        sed "s/ADDRESS/$(node_address "$1")/; s/TOKEN/$KUBE_TOKEN/; s,REGISTRY,$REGISTRY_ADDRESS,; s/ETCD/$(etcd_version)/
            s/vKUBERNETES/v$(kubernetes_version)/" "$TESTBED_DIR/kubernetes/kubeadm.yaml" >"$2/etc/kubernetes/kubeadm.yaml"
        write_static_pod_patches "$2/etc/kubernetes/testbed-patches"
    fi
}

# kubeadm 1.20 gives these pods a probe of their start alone, whose success this kubelet tells the API only with its next look
# at the pod, up to 90 s later. A probe of readiness instead is told at once, when a restarted pod is well again too.
write_static_pod_patches() { # write_static_pod_patches FOLDER
    local name port scheme path
    mkdir -p "$1"
    printf 'spec: {containers: [{name: kube-apiserver, startupProbe: null}]}\n' >"$1/kube-apiserver+strategic.yaml"
    while read -r name scheme port path; do
        cat >"$1/$name+strategic.yaml" <<YAML
spec:
  containers:
  - name: $name
    startupProbe: null
    readinessProbe: {httpGet: {host: 127.0.0.1, path: $path, port: $port, scheme: $scheme}, periodSeconds: 1}
YAML
    done <<LIST
etcd HTTP 2381 /health
kube-controller-manager HTTPS 10257 /healthz
kube-scheduler HTTPS 10259 /healthz
LIST
}

# Static routes between the pods' networks, and packets of bridges through iptables: both of the network namespace, which
# is new at each boot. Inside, /proc/sys/net cannot be written.
make_kube_network() { # make_kube_network NODE NETNS
    local other
    if ! is_kube "$1"; then return; fi
    for other in "${KUBE_NODES[@]}"; do
        if [[ "$other" != "$1" ]]; then
            ip -n "$2" route replace "$(pod_network "$other")" via "$(node_address "$other")"
        fi
    done
    # shellcheck disable=SC2016 # expanded there
    nsenter --net="$NETNS_FOLDER/$2" sh -c 'for family in ip ip6; do
        echo 1 >/proc/sys/net/bridge/bridge-nf-call-${family}tables; done'
}

# --- The running cluster

kube_api_answers() { kube_kubectl get --raw /readyz </dev/null >/dev/null 2>&1; }
kube_kubectl() { in_node "${KUBE_NODES[0]}" kubectl --kubeconfig "$ADMIN_CONF" --request-timeout=30s "$@"; }

# What `up` does once the nodes have booted. Each part is done once: what is there is left.
finish_kubernetes() {
    local node pids=() pid
    if ! has_kubernetes; then return; fi
    init_control_plane
    for node in "${KUBE_NODES[@]:1}"; do join_worker "$node" & pids+=($!); done
    for pid in "${pids[@]}"; do wait "$pid" || die "a worker did not join the cluster; see above"; done
    for node in "${KUBE_NODES[@]}"; do tell_pod_network "$node"; done
    sed "s,REGISTRY,$REGISTRY_ADDRESS," "$TESTBED_DIR/kubernetes/web.yaml" | kube_kubectl apply -f - >/dev/null
    wait_for 120 kube_is_ready || die "the cluster is not ready after 120 s; see: $TESTBED_DIR/belay-testbed exec \
${KUBE_NODES[0]} -- kubectl --kubeconfig $ADMIN_CONF get nodes,pods -A"
}

init_control_plane() {
    local log
    log="$(node_dir "${KUBE_NODES[0]}")/kubeadm.log"
    if in_node "${KUBE_NODES[0]}" test -f /etc/kubernetes/testbed-initialised; then return; fi
    # CoreDNS is in no Debian package; the other checks are of a machine that is no container.
    in_node "${KUBE_NODES[0]}" kubeadm init --config /etc/kubernetes/kubeadm.yaml --skip-phases=preflight,addon/coredns \
        --experimental-patches /etc/kubernetes/testbed-patches </dev/null >"$log" 2>&1 || die "kubeadm init failed; the end of $log:
$(tail -n 20 "$log")"
    in_node "${KUBE_NODES[0]}" touch /etc/kubernetes/testbed-initialised
}

join_worker() { # join_worker NODE
    local log
    log="$(node_dir "$1")/kubeadm.log"
    if in_node "$1" test -f /etc/kubernetes/kubelet.conf; then return; fi
    in_node "$1" kubeadm join "$(node_address "${KUBE_NODES[0]}"):6443" --token "$KUBE_TOKEN" \
        --discovery-token-unsafe-skip-ca-verification --cri-socket unix:///run/containerd/containerd.sock \
        --ignore-preflight-errors=all </dev/null >"$log" 2>&1 || die "$1: kubeadm join failed; the end of $log:
$(tail -n 20 "$log")"
}

tell_pod_network() { # tell_pod_network NODE
    local network
    network="$(pod_network "$1")"
    kube_kubectl patch node "$1" --patch "{\"spec\":{\"podCIDR\":\"$network\",\"podCIDRs\":[\"$network\"]}}" \
        </dev/null >/dev/null
}

# Every node Ready, every pod of the control plane and of kube-proxy too, and the Service answers on every node.
kube_is_ready() {
    local node
    kube_kubectl wait --for=condition=Ready --timeout=5s node --all </dev/null >/dev/null 2>&1 || return 1
    kube_kubectl wait --for=condition=Ready --timeout=5s -A pod --all </dev/null >/dev/null 2>&1 || return 1
    for node in "${KUBE_NODES[@]}"; do
        in_node "$node" curl -sf -m 2 -o /dev/null http://10.96.0.80/index.html || return 1
    done
}
