# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: containerd and the kubelet are told of an HTTP proxy that is none.
inject() {
    local unit
    for unit in containerd kubelet; do
        mkdir -p "/etc/systemd/system/$unit.service.d"
        printf '[Service]\nEnvironment=HTTP_PROXY=http://10.77.0.254:3128 HTTPS_PROXY=http://10.77.0.254:3128\n' \
            >"/etc/systemd/system/$unit.service.d/http-proxy.conf"
    done
    systemctl daemon-reload
    systemctl restart containerd kubelet
}
lift() {
    rm -f /etc/systemd/system/{containerd,kubelet}.service.d/http-proxy.conf
    systemctl daemon-reload
    systemctl restart containerd kubelet
}
