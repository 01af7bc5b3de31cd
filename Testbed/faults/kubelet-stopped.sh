# shellcheck shell=bash
# On any node: the kubelet is stopped, and not started again.
inject() { systemctl stop kubelet; }
lift() { systemctl start kubelet; }
