# shellcheck shell=bash
# On any node: containerd is stopped, and not started again. Containers go on.
inject() { systemctl stop containerd; }
lift() { systemctl start containerd; }
