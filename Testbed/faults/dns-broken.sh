# shellcheck shell=bash
# On any node: resolv.conf names a server that does not answer.
inject() {
    keep /etc/resolv.conf
    echo "nameserver 10.77.0.254" >/etc/resolv.conf
}
lift() { put_back /etc/resolv.conf; }
