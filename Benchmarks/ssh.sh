# shellcheck shell=bash disable=SC2154 # `work` is set by ../bench
# SSH client against a floor in C and against the tools a user would pick (docs/performance.md)

peers=(parallel-ssh==2.16.0.post1 pyinfra==3.10.0 ansible-core==2.19.14)

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
    python=$(python_with "${peers[@]}")
    programs=$(build)
    mkdir -p "$results"
    # Nothing of the checkout is left changed by a run but its results.
    PYTHONDONTWRITEBYTECODE=1 python3 Benchmarks/harness/ssh.py "$programs" "$python" "$results" "$@"
    if [ "$results" != "$work" ]; then
        PYTHONDONTWRITEBYTECODE=1 python3 Benchmarks/harness/report.py ssh "$results/ssh.json" docs/performance.md
    fi
}
