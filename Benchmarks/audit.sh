# shellcheck shell=bash disable=SC2154 # `work` is set by ../bench
# Audit log against floors in C: appending, publishing, verifying, its search index (docs/performance.md)

benchmark() {
    local results=Benchmarks/results programs
    case "${1:-}" in
        --quick | --entries) results=$work ;;
        "") ;;
        *) die "unknown option '$1'; there are --quick and --entries NUMBER" ;;
    esac
    say "packages"
    Testbed/install-packages build
    Testbed/install-packages bench
    programs=$(build)
    mkdir -p "$results"
    # Nothing of the checkout is left changed by a run but its results.
    PYTHONDONTWRITEBYTECODE=1 python3 Benchmarks/harness/audit.py "$programs" "$results" "$@"
    if [ "$results" != "$work" ]; then
        PYTHONDONTWRITEBYTECODE=1 python3 Benchmarks/harness/report.py audit "$results/audit.json" docs/performance.md
    fi
}
