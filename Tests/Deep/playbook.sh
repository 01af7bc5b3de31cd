# shellcheck shell=bash disable=SC2154 # testbed, binary and name are check-deep's
# Injects every fault of the playbook into a real cluster, and asks triage what it is; then nothing, 20 times.
#
#   ./check-deep playbook [N [WORD]]  N (20) times the healthy cluster; all rounds, or those with this word (or WORD|WORD) in their name.
#                                     Tests/Deep/playbook --take writes docs/playbook.md from it.
#
# The other suites of the cluster come before the rounds, unless a word was given: first those that nothing crashes in. Of what
# crashes the kubelet puts the next start off, longer each time, and for what restarts it next that time would be the answer.

part() { # part PATTERN [SKIPPED]
    BELAY_DEEP=$name run_tests "^Integration\\.PlaybookTests/$1" 7200 "${2:+^Integration\\.PlaybookTests/$2}" 2>&1 |
        grep --line-buffered -Ev '^(◇|✔|\[|Test Suite)'
}

check() {
    local failed=
    local calm='((Drain|Crictl|Docker|FullFlush|Certificate)Tests|EtcdTests/snapshot|StaticPodTests/restart)'
    count 20 "$@"
    export BELAY_DEEP_ONLY=${2:-}
    build
    bring_up_nodes 0 --kubernetes --variants docker
    keep_results
    if [ -z "$BELAY_DEEP_ONLY" ]; then
        say "$name: the other suites, and first what crashes nothing"
        part "$calm" || failed=1
        part '[A-Z]' "$calm" || failed=1
    fi
    say "$name: the healthy cluster, and the rounds"
    part '[a-z]' || failed=1
    [ -z "$failed" ] || die "not all of it was shown; see above"
}
