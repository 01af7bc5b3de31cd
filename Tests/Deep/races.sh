# shellcheck shell=bash
# Lets two executors of two machines' worth of state start for one node at the same instant: never both.
#
#   ./check-deep races [N]       N (200) times

check() {
    count 200 "$@"
    deepen RaceTests
}
