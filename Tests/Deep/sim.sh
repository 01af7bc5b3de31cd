# shellcheck shell=bash disable=SC2154 # checkout is check-deep's
# Runs the run machine, driver, ledger, policies and journal in simulated worlds, and checks the eight laws after each step.
#
#   ./check-deep sim [N [SEED]]   N worlds (600,000: a million runs) from SEED (today's date) on, on all cores; before them
#                                 every crash point of every shipped runbook, and a tenth of the pairs of them
#
# A law that is broken is shown with everything that happened in the smallest world found, and the command that shows it
# again. What was run is appended to Tests/Deep/results/sim.jsonl.

# in_parts WORD…: belay-sim on all cores, each with words of its own, which `part NUMBER` prints.
in_parts() {
    local number failed=0 words
    for ((number = 0; number < cores; number++)); do
        read -ra words <<<"$(part "$number")"
        "$simulator" "${words[@]}" "$@" >"$work/sim.$number" &
    done
    for job in $(jobs -p); do wait "$job" || failed=1; done
    cat "$work"/sim.*
    [ "$failed" = 0 ] || die "a law was broken"
    sed "s/^{/{\"commit\":\"$commit\",/" "$work"/sim.* >>Tests/Deep/results/sim.jsonl
}

check() {
    local cores simulator commit worlds=${1:-600000} seed=${2:-$(date -u +%Y%m%d)000000} share
    case "$worlds$seed" in *[!0-9]*) die "how many worlds, from which seed? numbers, not '$*'" ;; esac
    cores=$(nproc)
    # Of what is built now: it may be another one when all are run.
    commit=$(git rev-parse HEAD)
    share=$(((worlds + cores - 1) / cores))
    mkdir -p Tests/Deep/results
    say "release build"
    swift build -c release --product belay-sim
    simulator=$(swift build -c release --show-bin-path)/belay-sim
    say "crash points, by $cores processes"
    part() { echo "points --part $(($1 + 1))/$cores"; }
    in_parts runbooks/*.yaml
    say "pairs of them, a tenth of all"
    part() { echo "points --twice --part $(($1 + 1))/$((cores * 10))"; }
    in_parts runbooks/*.yaml
    say "$((share * cores)) worlds from $seed on, by $cores processes"
    part() { echo "--seed $((seed + $1 * share)) --count $share"; }
    in_parts
}
