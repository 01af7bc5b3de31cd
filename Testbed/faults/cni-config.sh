# shellcheck shell=bash
# On any node: the CNI's configuration names a plugin that is not there; new pods get no network.
inject() {
    keep /etc/cni/net.d/10-testbed.conflist
    replace /etc/cni/net.d/10-testbed.conflist 's/"type":"bridge"/"type":"bridge-of-the-next-release"/'
}
lift() { put_back /etc/cni/net.d/10-testbed.conflist; }
