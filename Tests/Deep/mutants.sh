# shellcheck shell=bash disable=SC2154 # work, copy and checkout are check-deep's
# Breaks the run machine and its driver in a copy of the source, one small way at a time; the simulation must see each.
#
#   ./check-deep mutants [NAME…]   all of Tests/Deep/mutants, or those whose names contain a word
#
# A patch's first two lines say what is broken and which law that breaks. What the simulation found, and after how many
# worlds, is appended to Tests/Deep/results/mutants.jsonl.

mutants=Tests/Deep/mutants
worlds=6000

mutant_field() { sed -n "1,/^\$/s/^$2: //p" "$mutants/$1.patch"; }

patch_source() { GIT_CEILING_DIRECTORIES=$work git -C "$copy" apply "${@:2}" "$checkout/$mutants/$1.patch"; }

# One row; fails unless the simulation saw it, as a breach of the law that it is.
try_mutant() {
    local name=$1 status=0 law world
    patch_source "$name"
    in_copy swift build --ignore-lock --product belay-sim >"$work/$name.build" 2>&1 || {
        cat "$work/$name.build" >&2
        die "$name.patch does not compile"
    }
    patch_source "$name" --reverse
    "$copy/.build/debug/belay-sim" --seed 1 --count "$worlds" --whole >"$work/$name.log" 2>&1 || status=$?
    law=$(sed -n 's/^BROKEN law \([1-8]\):.*/\1/p' "$work/$name.log" | sort -u | tr -d '\n')
    world=$(sed -n 's/^again, every time: belay-sim --seed \([0-9]*\) .*/\1/p' "$work/$name.log")
    if [ "$status" != 1 ] || [ -z "$(tr -cd "$(mutant_field "$name" Law)" <<<"$law")" ]; then
        printf '%-18s SURVIVED (exit %s, laws %s)\n' "$name" "$status" "${law:-none}"
        return 1
    fi
    printf '%-18s law %s, in world %s: %s\n' "$name" "$law" "$world" "$(mutant_field "$name" Broken)"
    printf '{"commit":"%s","mutant":"%s","law":"%s","world":%s}\n' "$(git rev-parse HEAD)" "$name" "$law" "$world" \
        >>Tests/Deep/results/mutants.jsonl
}

check() {
    local name file failed=0 names=() word
    for file in "$mutants"/*.patch; do
        name=$(basename "$file" .patch)
        [ $# -gt 0 ] || names+=("$name")
        for word in "$@"; do case "$name" in *"$word"*) names+=("$name") ;; esac done
    done
    [ ${#names[@]} -gt 0 ] || die "no mutant has such a name"
    for name in "${names[@]}"; do
        git apply --check "$mutants/$name.patch" || die "$name.patch does not apply any more: make it again"
    done
    swift build --product belay-sim
    make_copy
    mkdir -p Tests/Deep/results
    for name in "${names[@]}"; do try_mutant "$name" || failed=1; done
    [ "$failed" = 0 ] || die "the simulation does not see all of them"
    echo "${#names[@]} of ${#names[@]} were seen"
}
