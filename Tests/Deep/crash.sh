# shellcheck shell=bash
# Has a run meet trouble at every entry of its log: executor killed, power lost, cable cut; for every class, on real nodes.
#
#   ./check-deep crash [MINUTES] [CLASS]  for so long (100), all classes or those with this word. What was shown at this commit
#                                         is not shown again: call it until all of it is covered.

check() {
    count 100 "$@"
    export BELAY_DEEP_ONLY=${2:-}
    # Many at once: a run that met trouble mostly waits, for a deadline or a boot.
    # shellcheck disable=SC2034 # deepen's
    nodes=${BELAY_DEEP_NODES:-10} limit=$((BELAY_DEEP_COUNT * 60 + 3600))
    deepen CrashTests
}
