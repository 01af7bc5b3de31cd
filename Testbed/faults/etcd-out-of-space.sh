# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On the control plane: etcd's quota is used up by revisions of one key; the alarm NOSPACE is raised, nothing can be written.
quota=--quota-backend-bytes=16777216
etcd_container() { crictl ps -q --state running --name '^etcd$' 2>/dev/null | head -n 1; }
etcdctl() {
    crictl exec "$(etcd_container)" etcdctl --endpoints=https://127.0.0.1:2379 --command-timeout=20s --cacert="$pki/etcd/ca.crt" \
        --cert="$pki/etcd/server.crt" --key="$pki/etcd/server.key" "$@"
}
is_healthy() { [[ -n "$(etcd_container)" ]] && etcdctl endpoint health >/dev/null 2>&1; }
has_quota() { [[ "$(crictl inspect "$(etcd_container)" 2>/dev/null)" == *"$quota"* ]]; }
has_alarm() { [[ "$(etcdctl alarm list)" == *NOSPACE* ]]; }
inject() {
    add_flag etcd "$quota"
    wait_for 90 has_quota && wait_for 90 is_healthy
    local value i
    value="$(head -c 90000 /dev/zero | tr '\0' x)"
    for ((i = 0; i < 400; i++)); do
        if ! etcdctl put /testbed/report "$value" >/dev/null 2>&1 && has_alarm; then break; fi
    done
    has_alarm
}
lift() {
    wait_for 120 is_healthy
    local revision
    revision="$(etcdctl endpoint status -w json | sed 's/.*"revision":\([0-9]*\).*/\1/')"
    etcdctl compact "$revision" >/dev/null || true
    etcdctl defrag >/dev/null
    etcdctl alarm disarm >/dev/null
    etcdctl del /testbed/report >/dev/null
    drop_flag etcd "$quota"
}
