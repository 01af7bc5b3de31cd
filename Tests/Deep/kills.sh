# shellcheck shell=bash
# Kills an executor at every entry of its log, for every class of actions, on real nodes; recover must bring them to an end.
#
#   ./check-deep kills [CLASS]   all classes, or those with this word: reversible, compensable, path-cutting, cluster

check() {
    export BELAY_DEEP_ONLY=${1:-}
    deepen KillTests
}
