# shellcheck shell=bash disable=SC2154 # the names are set by check-deep
# Runs the SSH tests under AddressSanitizer, which watches libssh2's memory too, and under ThreadSanitizer.
#
#   ./check-deep sanitize [address|thread|FILTER…]

# A package of the SSH layer and its tests alone, over the same sources: everything else would double the build.
make_package() { # make_package address|thread
    package=$work/$1
    mkdir -p "$package/SSH"
    ln -s "$checkout/Sources" "$checkout/Tests" "$package"
    ln -s "$checkout"/Sources/SSH/* "$package/SSH"
    if [ "$1" = thread ]; then ln -s "$checkout/Tests/Deep/sanitize/Mutex.swift" "$package/SSH"; fi
    cat >"$package/Package.swift" <<'SWIFT'
// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"), .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")

let package = Package(
    name: "sanitize",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        .systemLibrary(name: "CSSH2", pkgConfig: "libssh2"),
        .target(name: "SSH", dependencies: ["CSSH2", crypto, subprocess], path: "SSH", swiftSettings: settings),
        .executableTarget(
            name: "hostile-sshd", path: "Tests/Support/hostile-sshd", linkerSettings: [.linkedLibrary("ssh")]),
        .testTarget(name: "SSHTests", dependencies: ["SSH", "hostile-sshd", crypto], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
SWIFT
}

# Memory is not what it was, and 60 MB take minutes: the hostile server re-keys over 9 MB.
not_here='ManyHostsTests|RunTests/rekeying'

# A report ends the process, so that the tests cannot pass over it.
run_under() { # run_under address|thread [FILTER]
    make_package "$1"
    say "$1: build"
    swift build --package-path "$package" --scratch-path "$checkout/.build/sanitize-$1" --build-tests --sanitize="$1"
    say "$1: tests"
    ASAN_OPTIONS=halt_on_error=1:detect_leaks=1 LSAN_OPTIONS="suppressions=$checkout/Tests/Deep/sanitize/lsan" \
        TSAN_OPTIONS=halt_on_error=1 \
        timeout 1800 swift test --package-path "$package" --scratch-path "$checkout/.build/sanitize-$1" --skip-build \
        --sanitize="$1" --filter "${2:-^SSHTests\\.}" --skip "$not_here"
}

check() {
    export BELAY_TESTBED=required BELAY_TESTBED_COMMAND=$testbed
    "$testbed" root trixie >/dev/null
    case "${1:-}" in
        address | thread) run_under "$@" ;;
        *) run_under address "${1:-}"; run_under thread "${1:-}" ;;
    esac
}
