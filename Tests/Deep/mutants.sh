# shellcheck shell=bash disable=SC2154 # work, copy and checkout are check-deep's
# Breaks the run machine and its driver in small ways, one at a time; the simulation must see each as a breach of its law.
#
#   ./check-deep mutants [WORLDS [NAME…]]   WORLDS at most for each (20,000) of all of Tests/Deep/mutants, or of those whose
#                                           names contain a word
#
# All of them are built into one program, in a copy of the source: building takes minutes and a world milliseconds. Each patch
# guards its change by `Mutant.isOn` of its own name, and BELAY_MUTANT says which one is on; with none on, the same program
# must break no law in as many worlds. A patch's first two lines say what is broken and which law that breaks. A line for each,
# seen or missed, is appended to Tests/Deep/results/mutants.jsonl.

mutants=Tests/Deep/mutants

mutant_field() { sed -n "1,/^\$/s/^$2: //p" "$mutants/$1.patch"; }

# The copy is not a repository, nor to be taken for a folder of one that it may lie in.
build_mutants() {
    local file
    make_copy
    cp "$mutants/Mutant.swift" "$copy/Sources/Core"
    for file in "$mutants"/*.patch; do
        GIT_CEILING_DIRECTORIES=$work git -C "$copy" apply "$checkout/$file" || die "$file does not apply any more: make it again"
        grep -qF "isOn(\"$(basename "$file" .patch)\")" "$file" || die "$file does not ask whether it is on"
        [[ "$(mutant_field "$(basename "$file" .patch)" Law)" == [1-8] ]] || die "$file does not say which law it breaks"
    done
    say "one program with all mutants"
    in_copy swift build --ignore-lock -c release --product belay-sim
}

simulate() { BELAY_MUTANT=$1 "$copy/.build/release/belay-sim" --seed 1 --count "$worlds" --whole >"$work/$1.log" 2>&1; }

# One row and one line; fails unless the simulation saw it, as a breach of the law that it is.
try_mutant() {
    local name=$1 verdict=seen status=0 law broken laws world
    law=$(mutant_field "$name" Law) broken=$(mutant_field "$name" Broken)
    simulate "$name" || status=$?
    laws=$(sed -n 's/^BROKEN law \([1-8]\):.*/\1/p' "$work/$name.log" | sort -u | tr -d '\n')
    world=$(sed -n 's/^again, every time: belay-sim --seed \([0-9]*\) .*/\1/p' "$work/$name.log")
    [[ "$status" = 1 && "$laws" == *"$law"* ]] || verdict=missed
    printf '%-16s %-6s law %s (exit %s; world %s, laws %s): %s\n' \
        "$name" "$verdict" "$law" "$status" "${world:-none}" "${laws:-none}" "$broken"
    printf '{"what":"mutant","commit":"%s","mutant":"%s","broken":"%s","law":%s,"verdict":"%s","laws":"%s","world":%s,"worlds":%s}\n' \
        "$commit" "$name" "$broken" "$law" "$verdict" "$laws" "${world:-null}" "$worlds" >>Tests/Deep/results/mutants.jsonl
    [ "$verdict" = seen ]
}

check() {
    local file name word worlds=20000 commit names=() missed=0
    case "${1:-}" in
        *[!0-9]* | '') ;;
        *) worlds=$1 && shift ;;
    esac
    for file in "$mutants"/*.patch; do
        name=$(basename "$file" .patch)
        [ $# -gt 0 ] || names+=("$name")
        for word in "$@"; do if [[ "$name" == *"$word"* ]]; then names+=("$name"); fi; done
    done
    [ ${#names[@]} -gt 0 ] || die "no mutant is called $*"
    commit=$(git rev-parse HEAD)
    [ -z "$(git status --porcelain Sources "$mutants")" ] || commit+=-dirty
    build_mutants
    mkdir -p Tests/Deep/results
    say "as it is: $worlds worlds"
    simulate none || die "a law is broken before anything is: $(tail -n 2 "$work/none.log")"
    say "the mutants"
    for name in "${names[@]}"; do try_mutant "$name" || missed=$((missed + 1)); done
    echo "$((${#names[@]} - missed)) of ${#names[@]} were seen"
    [ "$missed" = 0 ] || die "the simulation does not see all of them"
}
