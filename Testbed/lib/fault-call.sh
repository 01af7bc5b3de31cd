# shellcheck shell=bash disable=SC2154 # fault-in-node.sh sets state
# Runs in a node, after a fault's file, with the words `inject|lift NAME`. The mark comes before the fault and goes after it,
# so what was done half is lifted, and what is not there is left alone.
call() { # call inject|lift NAME
    if [[ "$1" == inject ]]; then
        touch "$state/$2"
        inject
    elif [[ -e "$state/$2" ]]; then
        lift
        rm "$state/$2"
    fi
}
# Not with this shell's own input, which is the script.
call "$@" </dev/null
