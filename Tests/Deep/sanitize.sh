# shellcheck shell=bash disable=SC2154 # the names are set by check-deep
# Runs all tests that need no nodes under AddressSanitizer, which watches the memory of C libraries too and says what was
# lost, and under ThreadSanitizer. Our own C and C++ is watched for undefined behaviour besides.
#
#   ./check-deep sanitize [address|thread [FILTER]]   both and all tests, or one and those that a regular expression names
#
# A report ends the process, so that no test can pass over it. How many tests passed is appended to
# Tests/Deep/results/sanitize.jsonl.

# A copy of the source in a place of its own, which keeps its build. Warnings are no errors there: a Mutex hides another.
make_package() { # make_package address|thread
    package=$checkout/.build/sanitize/$1
    mkdir -p "$package"
    find "$package" -mindepth 1 -maxdepth 1 ! -name .build ! -name Package.resolved -exec rm -rf {} +
    git ls-files -z --cached --others --exclude-standard | xargs -0 cp -p --reflink=auto --parents -t "$package"
    sed -i '/treatAllWarnings/d' "$package/Package.swift"
    "watch_$1"
}

# What others wrote in C (BoringSSL, libyaml) is not ours to mend.
watch_address() {
    cp Tests/Deep/sanitize/Leaks.swift "$package/Sources/TransparencyLog"
    cat >>"$package/Package.swift" <<'SWIFT'

let undefined = ["-fsanitize=undefined", "-fno-sanitize=vptr", "-fno-sanitize-recover=undefined"]
for target in package.targets where ["CRE2", "CChecksum"].contains(target.name) {
    target.cSettings = [.unsafeFlags(undefined)]
    target.cxxSettings = [.unsafeFlags(undefined)]
}
SWIFT
}

# Every module that has a Mutex gets one that ThreadSanitizer sees, which hides the one of Synchronization. What is no race
# is built in: some tests start programs without the environment. ThreadSanitizer asks for it before it is ready.
watch_thread() {
    local module
    {
        printf '__attribute__((disable_sanitizer_instrumentation)) const char *__tsan_default_suppressions(void) {\n    return ""\n'
        sed '/^#/d; /^$/d; s/.*/        "&\\n"/' Tests/Deep/sanitize/tsan
        printf '        ;\n}\n'
    } >"$package/Sources/CChecksum/suppressions.c"
    for module in "$package"/Sources/* "$package"/Tests/*Tests "$package"/Tests/Support/*; do
        if grep -rqE --include='*.swift' '\bMutex[<(]' "$module"; then cp Tests/Deep/sanitize/Mutex.swift "$module"; fi
    done
}

# Not under a sanitizer: what measures memory, which is not what it was; 9 MB of re-keying, which takes minutes; and what
# loads a library ahead of all others, where the sanitizer's own must be.
not_here='^Integration\.|ManyHostsTests|RunTests/rekeying|FailingCallTests'

run_under() { # run_under address|thread [FILTER]
    local log=$work/$1.log
    make_package "$1"
    say "$1: build"
    swift build --package-path "$package" --build-tests --sanitize="$1"
    say "$1: tests"
    ASAN_OPTIONS=halt_on_error=1:detect_leaks=1:malloc_context_size=100 LSAN_OPTIONS="suppressions=$checkout/Tests/Deep/sanitize/lsan" \
        TSAN_OPTIONS=halt_on_error=1 \
        SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 NO_COLOR=1 \
        timeout 5400 swift test --package-path "$package" --skip-build --disable-xctest --sanitize="$1" --filter "${2:-.}" --skip "$not_here" \
        >"$log" 2>&1 || {
        grep -Ev '^(◇|✔)' "$log" >&2
        die "$1: see above"
    }
    grep -E '^✔ Test run' "$log"
    [ -n "${2:-}" ] || sed -nE 's/^✔ Test run with ([0-9]+) tests in ([0-9]+) suites passed after ([0-9]+).*/{"what":"sanitizer","commit":"'"$(
        git rev-parse HEAD)"'","sanitizer":"'"$1"'","tests":\1,"suites":\2,"seconds":\3}/p' "$log" >>Tests/Deep/results/sanitize.jsonl
}

check() {
    export BELAY_TESTBED=required BELAY_TESTBED_COMMAND=$testbed
    "$testbed" root trixie >/dev/null
    mkdir -p Tests/Deep/results
    case "${1:-}" in
        address | thread) run_under "$@" ;;
        '') run_under address; run_under thread ;;
        *) die "which? address or thread, not '$1'" ;;
    esac
}
