# shellcheck shell=bash disable=SC2154 # work, copy, binary and checkout are check-deep's
# Breaks each of the eight laws in a copy of the source, one guard at a time; the law's test on real nodes must fail.
#
#   ./check-deep laws             all of them
#   ./check-deep laws law-3 …     those whose names contain a word
#
# A way to break a law is a patch in Tests/Deep/laws, law-N-NAME.patch. Its first two lines say what is broken and what the
# test says then: the comment of the expectation that fails first. A crash, a timeout or another expectation is no proof.

patches=Tests/Deep/laws
tests=Tests/Integration/LawTests.swift
workers=4

# The line `KEY…: TEXT` of a patch.
field() { sed -n "1,/^\$/s/^$2: //p" "$patches/$1.patch"; }
broken() { field "$1" 'Law [0-9]* is broken'; }
law() {
    local number=${1#law-}
    echo "${number%%-*}"
}

# Before anything is built: what is no longer true of the source must not be found after ten minutes.
check_patches() {
    local name n
    for name in "$@"; do
        if [ -z "$(broken "$name")" ] || [ -z "$(field "$name" Says)" ]; then
            die "$name.patch must begin with 'Law N is broken: …' and 'Says: …'"
        fi
        grep -qF -- "$(field "$name" Says)" "$tests" || die "$name.patch: no expectation in $tests says that any more"
        git apply --check "$patches/$name.patch" ||
            die "$name.patch does not apply any more: the law's guard has moved; make it again"
    done
    for n in 1 2 3 4 5 6 7 8; do
        compgen -G "$patches/law-$n-*.patch" >/dev/null || die "there is no way to break law $n in $patches"
    done
}

# Not a repository, nor to be taken for a folder of one that it may lie in.
patch_copy() { GIT_CEILING_DIRECTORIES=$work git -C "$copy" apply "${@:2}" "$checkout/$patches/$1.patch"; }

# The program with one law broken. The tests are not built again: the very same ones judge it.
build_mutant() {
    local log=$work/$1.build
    patch_copy "$1"
    in_copy swift build --ignore-lock --product belay >"$log" 2>&1 || {
        cat "$log" >&2
        die "$1.patch does not compile"
    }
    patch_copy "$1" --reverse
    cp "$copy/.build/debug/belay" "$work/$1.belay"
    ! cmp -s "$work/$1.belay" "$binary" || die "$1.patch made the same program"
}

test_mutant() {
    local start=$SECONDS status=0
    BELAY_BINARY=$work/$1.belay run_tests "^Integration\.LawTests/law$(law "$1")" >"$work/$1.log" 2>&1 || status=$?
    echo "$status $((SECONDS - start))" >"$work/$1.done"
    printf '%s\n' "$1"
}

# Takes one mutant after the other, as long as no other worker has it.
work_on() {
    local name
    export BELAY_TESTBED_NODES=$1
    for name in "${@:2}"; do
        if mkdir "$work/$name.taken" 2>/dev/null; then test_mutant "$name"; fi
    done
}

# The first issue: where, whether it is an expectation, and the comment, which follows the values on a line of its own.
first_issue() {
    awk '
        /recorded an issue at/ {
            if (n++) exit
            match($0, /issue at [^:]*:[0-9]+/)
            print substr($0, RSTART + 9, RLENGTH - 9)
            print (/: Expectation failed/ ? "expectation" : $0)
        }
        n && sub(/^↳ /, "") { print; exit }' "$work/$1.log"
}

# One row; fails unless the law's test saw it, for the reason it is there for.
report() {
    local name=$1 status seconds issue verdict=seen said
    read -r status seconds <"$work/$name.done"
    mapfile -t issue < <(first_issue "$name")
    if [ "$status" = 0 ]; then
        verdict=SURVIVED said="nothing: the tests of law $(law "$name") passed"
    elif [[ "${issue[1]:-}" != expectation || "${issue[2]:-}" != *"$(field "$name" Says)"* ]]; then
        verdict=UNCLEAR said="exit $status: ${issue[*]:-no expectation failed}; see /tmp/check-deep-$name.log"
        cp "$work/$name.log" "/tmp/check-deep-$name.log"
    else
        said="${issue[0]}: ${issue[2]:0:110}"
    fi
    printf '{"what":"law","commit":"%s","law":%s,"name":"%s","verdict":"%s","seconds":%s}\n' \
        "$BELAY_DEEP_COMMIT" "$(law "$name")" "$name" "$verdict" "$seconds" >>"$BELAY_DEEP_RESULTS"
    printf '%-4s %-9s %4s s  %s\n                      %s\n' "$(law "$name")" "$verdict" "$seconds" "$(broken "$name")" "$said"
    [ "$verdict" = seen ]
}

check() {
    local file name word node failed=0 names=() chosen=() pids=()
    for file in "$patches"/*.patch; do names+=("$(basename "$file" .patch)"); done
    for name in "${names[@]}"; do
        [ $# -gt 0 ] || chosen+=("$name")
        for word in "$@"; do if [[ "$name" == *"$word"* ]]; then chosen+=("$name"); fi; done
    done
    [ ${#chosen[@]} -gt 0 ] || die "no way to break a law is called $*; there are: ${names[*]}"
    check_patches "${names[@]}"
    build
    make_copy
    say "programs with a law broken"
    for name in "${chosen[@]}"; do build_mutant "$name"; done
    bring_up_nodes "$workers"
    say "the laws as they are"
    run_tests '^Integration\.LawTests/' >"$work/all.log" 2>&1 || {
        cat "$work/all.log" >&2
        die "the laws' tests fail before anything is broken"
    }
    grep 'Test run with .* passed' "$work/all.log" || die "the laws' tests were not run"
    say "the laws broken"
    for node in $BELAY_TESTBED_NODES; do
        work_on "$node" "${chosen[@]}" &
        pids+=($!)
    done
    for node in "${pids[@]}"; do wait "$node"; done
    # `report` has the patch's name in `name`.
    name=laws keep_results
    printf '\n%-4s %-9s %6s  %s\n' law test time "what was broken, and what the test said"
    for name in "${chosen[@]}"; do report "$name" || failed=$((failed + 1)); done
    echo
    [ "$failed" = 0 ] || die "$failed of ${#chosen[@]} ways to break a law were not seen by its test"
    echo "${#chosen[@]} of ${#chosen[@]} ways to break a law were seen by its test"
}
