# shellcheck shell=bash disable=SC2154 # checkout is check-deep's
# Feeds every parser of input that is not ours what libFuzzer makes up, guided by the code that it reaches: none crashes.
#
#   ./check-deep fuzz                      each target for 10 million inputs or 10 minutes, whichever is first
#   ./check-deep fuzz TARGET [SECONDS]     one of them
#
# The targets are functions in Tests/Fuzz/Targets; Tests/Fuzz/TARGET.dict, where there is one, has words to make inputs of.
# Inputs that reached code which no other does are kept, minimised, in Tests/Fuzz/corpus/TARGET; each run starts from them,
# and ./test tries them all. An input that broke something is left as Tests/Fuzz/corpus/TARGET/crash-…: it is kept there
# when it is mended.

corpus=Tests/Fuzz/corpus

# LLVM's linker: the default one breaks on the debug information of the counters.
build_fuzzer() {
    say "build, with the code that is reached counted"
    BELAY_FUZZ=1 swift build -c release --scratch-path .build/fuzz --product fuzz \
        -Xswiftc -sanitize=fuzzer -Xswiftc -Xclang-linker -Xswiftc -fuse-ld=lld
    fuzzer=$(BELAY_FUZZ=1 swift build -c release --scratch-path .build/fuzz --show-bin-path)/fuzz
}

# The expressions of the official suite, where ./test finds its cases too: to begin from, never to be kept.
lend_conformance() {
    local file=${BELAY_SHARED:-../shared}/cel/conformance.json
    [ ! -f "$file" ] || python3 - "$file" "$1" <<'EOF'
import json, sys
for number, test in enumerate(json.load(open(sys.argv[1]))["tests"]):
    with open(f"{sys.argv[2]}/{number}", "w", encoding="utf-8") as file:
        file.write(test["expr"])
EOF
}

# fuzz TARGET SECONDS: what it finds goes to a folder of its own first, and what is worth keeping from there to the corpus.
fuzz() {
    local found=$work/$1 kept=$work/$1.kept lent=$work/$1.lent words=()
    mkdir "$found" "$kept" "$lent"
    if [ "$1" = cel ]; then lend_conformance "$lent"; fi
    if [ -f "Tests/Fuzz/$1.dict" ]; then words=("-dict=Tests/Fuzz/$1.dict"); fi
    # Swift's own report of a crash would end the program before libFuzzer has written the input.
    export BELAY_FUZZ_TARGET=$1 SWIFT_BACKTRACE=enable=no
    say "$1: $(find "$corpus/$1" -type f | wc -l) inputs are kept"
    # -timeout: an input that takes so many seconds counts as a crash, as does one that takes 1 GB of memory. Nine bytes can
    # name ten thousand hosts, which take half a second, and many times that on a busy machine.
    "$fuzzer" -runs=10000000 -max_total_time="$2" -max_len=1024 -timeout=25 -rss_limit_mb=1024 -print_final_stats=1 \
        -verbosity=0 -artifact_prefix="$checkout/$corpus/$1/" "${words[@]}" "$found" "$corpus/$1" "$lent" 2>&1 |
        grep -vE '^INFO: (Seed|Loaded|Running)' || die "$1: broken by the input in $corpus/$1/"
    "$fuzzer" -merge=1 -verbosity=0 "$kept" "$corpus/$1" "$found" >"$work/merge" 2>&1 || {
        cat "$work/merge" >&2
        die "$1: the inputs could not be merged"
    }
    find "$corpus/$1" -type f ! -name 'crash-*' ! -name 'seed-*' -delete
    # Small ones only: a corpus is read by every test run.
    find "$kept" -type f -size -3k -exec cp -n {} "$corpus/$1/" \;
    echo "$(find "$corpus/$1" -type f | wc -l) inputs are kept now"
}

check() {
    local target names=()
    for target in "$corpus"/*/; do names+=("$(basename "$target")"); done
    if [ $# -gt 0 ]; then
        [ -d "$corpus/$1" ] || die "there is no target '$1'; there are: ${names[*]}"
        names=("$1")
    fi
    case "${2:-600}" in *[!0-9]* | 0) die "how many seconds? a number above 0, not '$2'" ;; esac
    build_fuzzer
    for target in "${names[@]}"; do fuzz "$target" "${2:-600}"; done
}
