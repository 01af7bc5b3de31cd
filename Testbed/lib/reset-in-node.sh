# shellcheck shell=bash
# Runs in a node, from `belay-testbed reset`: takes away what tests leave.
set -euo pipefail

if [[ -d /run/systemd/system ]]; then
    # First the timers: a dead-man that fires later would bring rules back.
    belay_units() { systemctl list-units --all --plain --no-legend 'belay-*' | awk '{ print $1 }'; }
    for pattern in timer service scope path socket; do
        mapfile -t units < <(belay_units | grep "\.$pattern\$" || true)
        if [[ ${#units[@]} -gt 0 ]]; then systemctl kill --signal=KILL "${units[@]}" 2>/dev/null || true; fi
        if [[ ${#units[@]} -gt 0 ]]; then systemctl stop "${units[@]}" 2>/dev/null || true; fi
    done
    mapfile -t units < <(belay_units)
    if [[ ${#units[@]} -gt 0 ]]; then systemctl reset-failed "${units[@]}" 2>/dev/null || true; fi
else
    # Without systemd the steps and the dead-man are shells that run scripts of the record.
    grep -lE '/(var/lib|run)/belay/' /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3 |
        while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done || true
fi
rm -rf /var/lib/belay /run/belay /run/systemd/transient/belay-* /etc/systemd/system/belay-* \
    /etc/systemd/system/*.wants/belay-* /etc/belay-*

# Flushing nft takes away all that iptables-nft and ip6tables-nft made, policies too; the legacy tables are apart.
nft flush ruleset
for family in ip ip6; do
    tables="/proc/net/${family}_tables_names"
    command="${family/ip/iptables}"
    if [[ "$family" == ip6 ]]; then command=ip6tables; fi
    while read -r table; do
        for chain in $("$command-legacy" -t "$table" -S | awk '$1 == "-P" { print $2 }'); do
            "$command-legacy" -t "$table" -P "$chain" ACCEPT
        done
        "$command-legacy" -t "$table" -F
        "$command-legacy" -t "$table" -X
    done < <(cat "$tables" 2>/dev/null)
done

ip link set lo up
ip link set eth0 up
ip route replace default via 10.77.0.1

if [[ ! -d /run/systemd/system ]]; then exit 0; fi
rm -f /etc/testbed/kubelet-mode
if ! cmp -s /usr/local/share/testbed/kubelet-config.yaml /var/lib/kubelet/config.yaml; then
    cp /usr/local/share/testbed/kubelet-config.yaml /var/lib/kubelet/config.yaml
fi
systemctl daemon-reload
services="$(cat /etc/testbed/services)"
# shellcheck disable=SC2086 # a list of names
systemctl unmask --quiet $services 2>/dev/null || true
# shellcheck disable=SC2086 # a list of names
systemctl start ${services% testbed-app}
# Its own rules went with the others.
if [[ " $services " == *" docker "* ]]; then systemctl restart docker; fi
systemctl restart kubelet
systemctl restart testbed-app
testbed-images reset

# What the old container left is collected now: containerd would do so some time later, and give a full disk room again in
# the midst of a test.
if [[ " $services " == *" containerd "* ]]; then
    lease="$(ctr -n k8s.io leases create)"
    ctr -n k8s.io leases delete --sync "$lease" >/dev/null
fi
