# shellcheck shell=bash
# Runs in a node, before one of the faults' files: what they are made of, and at the end the call.
set -euo pipefail
mkdir -p /var/lib/testbed/kept

# The kubelet reads what lies in its folder for manifests, but for names that begin with a dot.
beside() { echo "$(dirname "$1")/.testbed-new"; }
kept() { echo "/var/lib/testbed/kept/${1//\//_}"; }
keep() { cp -a "$1" "$(kept "$1")"; }
put_back() {
    cp -a "$(kept "$1")" "$(beside "$1")"
    mv "$(beside "$1")" "$1"
}
take_away() { mv "$1" "$(kept "$1")"; }
replace() { # replace FILE SED-SCRIPT
    sed "$2" "$1" >"$(beside "$1")"
    ! cmp -s "$1" "$(beside "$1")" || { echo "the fault changes nothing in $1" >&2; return 1; }
    chmod --reference="$1" "$(beside "$1")"
    mv "$(beside "$1")" "$1"
}
# The kubelet starts it again.
restart_static() { # restart_static NAME
    local id
    for id in $(crictl ps -q --name "$1"); do crictl stop "$id" >/dev/null; done
}
