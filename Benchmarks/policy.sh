# shellcheck shell=bash disable=SC2154 # `work` is set by ../bench
# Policies that ship on 10,000 nodes: evaluating, judging, loading; against cel-python (docs/performance.md)

policy_peers=(cel-python==0.5.0)

benchmark() {
    local results=Benchmarks/results programs python
    case "${1:-}" in
        --quick) results=$work ;;
        "") ;;
        *) die "unknown option '$1'; there is --quick" ;;
    esac
    say "packages"
    Testbed/install-packages build
    Testbed/install-packages bench
    python=$(python_with "${policy_peers[@]}")
    programs=$(build)
    mkdir -p "$results"
    # Nothing of the checkout is left changed by a run but its results.
    PYTHONDONTWRITEBYTECODE=1 python3 Benchmarks/harness/policy.py "$programs" "$python" "$results" "$@"
    if [ "$results" != "$work" ]; then
        PYTHONDONTWRITEBYTECODE=1 python3 Benchmarks/harness/report.py policy "$results/policy.json" docs/performance.md
    fi
}
