# shellcheck shell=bash
# Measures how long after its deadline, and after power came back, a node that nobody confirmed has reverted.
#
#   ./check-deep reverts [N]     N (30) times each; fails over half a second after the deadline. Wants a machine of its own:
#                                the nodes share its cores, and what else runs there is measured too.

check() {
    count 30 "$@"
    # Few at once: nodes that share two cores measure each other.
    # shellcheck disable=SC2034 # deepen's
    nodes=4
    deepen RevertTests
}
