# shellcheck shell=bash
# Measures how long after its deadline, and after power came back, a node that nobody confirmed has reverted.
#
#   ./check-deep reverts [N]     N (30) times each; fails over half a second after the deadline. Wants a machine of its own:
#                                the nodes share its cores, and what else runs there is measured too.

check() {
    count 30 "$@"
    # One node at a time works, and one reboots: more of them would measure each other.
    # shellcheck disable=SC2034 # deepen's
    nodes=2
    deepen RevertTests
}
