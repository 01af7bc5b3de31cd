# shellcheck shell=bash
# Runs in a node, before one of the faults' files: what they are made of. fault-call.sh comes after it.
set -euo pipefail

# Not below /var/lib, which a fault may have filled.
state=/usr/local/share/testbed/faults
mkdir -p "$state"
manifests=/etc/kubernetes/manifests
# shellcheck disable=SC2034 # for the faults
pki=/etc/kubernetes/pki

# What a fault keeps is what it found first, and goes once it is put back. Nothing is overwritten that somebody else mended.
kept() { echo "$state/kept-${1//\//_}"; }
is_kept() { [[ -e "$(kept "$1")" || -L "$(kept "$1")" ]]; }
keep() { is_kept "$1" || cp -a "$1" "$(kept "$1")"; }
put_back() { # put_back FILE
    is_kept "$1" || return 0
    # The kubelet reads what lies in its folder for manifests, but for names that begin with a dot.
    cp -a "$(kept "$1")" "$(dirname "$1")/.testbed-new"
    mv "$(dirname "$1")/.testbed-new" "$1"
    rm "$(kept "$1")"
}
take_away() { if [[ -e "$1" ]]; then mv "$1" "$(kept "$1")"; fi; }
# A file that is there again was mended by somebody.
give_back() { if [[ -e "$1" ]]; then rm -f "$(kept "$1")"; else put_back "$1"; fi; }

replace() { # replace FILE SED-SCRIPT
    local new
    if [[ ! -e "$1" ]]; then return; fi
    new="$(dirname "$1")/.testbed-new"
    sed "$2" "$1" >"$new"
    if cmp -s "$1" "$new"; then rm "$new"; return; fi
    chmod --reference="$1" "$new"
    mv "$new" "$1"
}
add_flag() { replace "$manifests/$1.yaml" "/^    - $2\$/d; s/^    - $1\$/&\n    - $2/"; } # add_flag PROGRAM FLAG
drop_flag() { replace "$manifests/$1.yaml" "/^    - $2\$/d"; }

# The kubelet starts it again.
restart_static() { # restart_static NAME
    local id
    for id in $(crictl ps -q --name "$1"); do crictl stop "$id" >/dev/null || true; done
}

wait_for() { # wait_for SECONDS COMMAND…
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        if ((SECONDS >= deadline)); then return 1; fi
        sleep 0.5
    done
}

kubectl() { command kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=20s "$@"; }

# The firewall that iptables-drop is about, which lifting iptables-flushed must not take away.
input_rules=("-i lo -j ACCEPT" "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT" "-p tcp --dport 22 -j ACCEPT" "-j DROP")
open_input() {
    local rule
    for rule in "${input_rules[@]}"; do
        # shellcheck disable=SC2086 # words
        while iptables -w -D INPUT $rule -m comment --comment hardening 2>/dev/null; do :; done
    done
}
close_input() {
    local i
    open_input
    for i in "${!input_rules[@]}"; do
        # shellcheck disable=SC2086 # words
        iptables -w -I INPUT $((i + 1)) ${input_rules[i]} -m comment --comment hardening
    done
}
