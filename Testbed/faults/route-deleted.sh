# shellcheck shell=bash
# On any node: the route to another node's pods is gone.
inject() {
    ip route show | grep '^10[.]244[.].* via ' | head -n 1 >/var/lib/testbed/route
    # shellcheck disable=SC2046 # words
    ip route delete $(cat /var/lib/testbed/route)
}
lift() {
    # shellcheck disable=SC2046 # words
    ip route replace $(cat /var/lib/testbed/route)
}
