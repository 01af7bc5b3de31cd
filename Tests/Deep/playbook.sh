# shellcheck shell=bash disable=SC2154 # testbed, binary and name are check-deep's
# Injects every fault of the playbook into a real cluster, and asks triage what it is; then nothing, 20 times.
#
#   ./check-deep playbook [N [WORD]]  N (20) times the healthy cluster; all rounds, or those with this word (or WORD|WORD) in their name.
#                                     Tests/Deep/playbook --take writes docs/playbook.md from it.

check() {
    count 20 "$@"
    export BELAY_DEEP_ONLY=${2:-}
    build
    bring_up_nodes 0 --kubernetes
    say "$name"
    keep_results
    BELAY_DEEP=$name run_tests '^Integration\.PlaybookTests' 7200 2>&1 | grep --line-buffered -Ev '^(◇|✔|\[|Test Suite)'
}
