# shellcheck shell=bash
# Has every action meet random states of real nodes: what it does is undone, and what it foresees exactly is found.
#
#   ./check-deep actions [N] [SEED]   N (100) states for each action, from the states of that seed on (else of a new one).
#                                     BELAY_DEEP_ONLY=WORD: the actions with this word in their names

check() {
    count 100 "$@"
    case "${2:-}" in *[!0-9]*) die "from which seed? a number, not '$2'" ;; esac
    export BELAY_DEEP_SEED=${2:-}
    # shellcheck disable=SC2034 # deepen's
    nodes=4 options=(--variants "docker,podman")
    deepen ActionLawTests
}
