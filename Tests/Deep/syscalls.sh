# shellcheck shell=bash disable=SC2154 # products is check-deep's
# Makes each N-th system call fail, be cut short or kill, of a process that writes the log and of one that runs scripts over
# SSH: all calls of more functions, and with more errors, than ./test has time for.
#
#   ./check-deep syscalls [log|ssh]
#
# How many calls failed is appended to Tests/Deep/results/syscalls.jsonl.

# One suite; the lines that say what was tried become rows.
fail_calls() { # fail_calls EngineTests|SSHTests
    say "$1"
    NO_COLOR=1 BELAY_DEEP=syscalls SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 timeout 3600 \
        "$products/belayPackageTests.xctest" --testing-library swift-testing --filter "^$1\\.FailingCallTests" \
        >"$work/$1.log" 2>&1 || {
        grep -Ev '^(◇|✔)' "$work/$1.log" >&2
        die "$1: a failing call was not borne"
    }
    sed -nE 's/^(.*): ([0-9]+) calls failed.*/{"commit":"'"$(git rev-parse HEAD)"'","suite":"'"$1"'","what":"\1","failed":\2}/p' \
        "$work/$1.log" | tee -a Tests/Deep/results/syscalls.jsonl
}

check() {
    case "${1:-all}" in log | ssh | all) ;; *) die "which? log or ssh, not '$1'" ;; esac
    build
    mkdir -p Tests/Deep/results
    [ "${1:-all}" = ssh ] || fail_calls EngineTests
    [ "${1:-all}" = log ] || fail_calls SSHTests
}
