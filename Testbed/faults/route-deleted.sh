# shellcheck shell=bash disable=SC2154,SC2317 # lib/fault-in-node.sh comes before it, lib/fault-call.sh after
# On any node: the route to another worker's pods is gone.
inject() {
    local route
    route="$(ip route show | grep '^10[.]244[.][23][.].* via ' | head -n 1)"
    if [[ -z "$route" ]]; then return; fi
    echo "$route" >"$state/route"
    # shellcheck disable=SC2086 # words
    ip route delete $route
}
lift() {
    # shellcheck disable=SC2046 # words
    if [[ -s "$state/route" ]]; then ip route replace $(cat "$state/route"); fi
    rm -f "$state/route"
}
