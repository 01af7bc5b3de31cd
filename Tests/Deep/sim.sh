# shellcheck shell=bash disable=SC2154 # checkout is check-deep's
# Runs the run machine, driver, ledger, policies and journal in simulated worlds, and checks the eight laws after each step.
#
#   ./check-deep sim [N [SEED]]   N worlds (600,000: a million runs) from SEED (today's date) on, on all cores
#
# A law that is broken is shown with everything that happened in the smallest world found, and the command that shows it
# again. What was run is appended to Tests/Deep/results/sim.jsonl.

check() {
    local cores worlds=${1:-600000} seed=${2:-$(date -u +%Y%m%d)000000} part number failed=0
    case "$worlds$seed" in *[!0-9]*) die "how many worlds, from which seed? numbers, not '$*'" ;; esac
    cores=$(nproc)
    part=$(((worlds + cores - 1) / cores))
    say "release build"
    swift build -c release --product belay-sim
    say "$((part * cores)) worlds from $seed on, by $cores processes"
    for ((number = 0; number < cores; number++)); do
        "$(swift build -c release --show-bin-path)/belay-sim" --seed "$((seed + number * part))" --count "$part" \
            >"$work/sim.$number" &
    done
    for job in $(jobs -p); do wait "$job" || failed=1; done
    cat "$work"/sim.*
    [ "$failed" = 0 ] || die "a law was broken"
    mkdir -p Tests/Deep/results
    sed "s/^{/{\"commit\":\"$(git rev-parse HEAD)\",/" "$work"/sim.* >>Tests/Deep/results/sim.jsonl
}
