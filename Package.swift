// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")

// Who may import whom is said in docs/architecture.md; `./test` builds with the explicit-import check as an error.
let package = Package(
    name: "belay",
    products: [
        .executable(name: "belay", targets: ["belay"]),
        // For Benchmarks/ and Fuzz/.
        .library(name: "SSH", targets: ["SSH"]),
        .library(name: "Policies", targets: ["CEL", "Core"]),
        .library(name: "Log", targets: ["TransparencyLog", "Core", "Engine", "Services"]),
        .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
        // For tests, to be loaded into a process of its own (LD_PRELOAD).
        .library(name: "fail-nth", type: .dynamic, targets: ["fail-nth"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        .systemLibrary(name: "CSSH2", pkgConfig: "libssh2", providers: [.apt(["libssh2-1-dev"])]),
        .target(name: "SSH", dependencies: ["CSSH2", crypto, subprocess], swiftSettings: settings),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("stdc++")]),
        .target(name: "CEL", dependencies: ["CRE2"], swiftSettings: settings),
        .target(name: "CChecksum", linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "TransparencyLog", dependencies: ["CChecksum", crypto], swiftSettings: settings),
        .target(name: "Core", dependencies: ["CEL", yams, crypto], swiftSettings: settings),
        .target(
            name: "Engine",
            dependencies: ["Core", "SSH", "TransparencyLog", crypto, logging, subprocess],
            swiftSettings: settings),
        .target(name: "Services", dependencies: ["Engine", "Core", "TransparencyLog", grdb], swiftSettings: settings),
        .target(
            name: "Commands",
            dependencies: ["Engine", "Services", "Core", "CEL", "TransparencyLog", arguments, logging],
            swiftSettings: settings),
        .executableTarget(name: "belay", dependencies: ["Commands"], swiftSettings: settings),
        .target(name: "Simulation", dependencies: ["Core", "Engine", "TransparencyLog"], swiftSettings: settings),
        .executableTarget(
            name: "belay-sim", dependencies: ["Simulation", "Core", arguments, system], swiftSettings: settings),

        .target(
            name: "FuzzTargets", dependencies: ["SSH", "Core", "CEL", "TransparencyLog"], path: "Fuzz/Targets",
            swiftSettings: settings),
        .testTarget(
            name: "FuzzReplay", dependencies: ["FuzzTargets"], path: "Fuzz/Replay", swiftSettings: settings),

        .target(name: "fail-nth", path: "Tests/Support/fail-nth"),
        .testTarget(
            name: "SSHTests", dependencies: ["SSH", "hostile-sshd", "ssh-client", crypto], swiftSettings: settings),
        .executableTarget(
            name: "ssh-client", dependencies: ["SSH", crypto], path: "Tests/Support/ssh-client",
            swiftSettings: settings),
        .executableTarget(
            name: "hostile-sshd", path: "Tests/Support/hostile-sshd", linkerSettings: [.linkedLibrary("ssh")]),
        .testTarget(name: "CELTests", dependencies: ["CEL"], swiftSettings: settings),
        .testTarget(
            name: "TransparencyLogTests", dependencies: ["TransparencyLog", "CChecksum", "WitnessStandIn", crypto],
            resources: [.copy("Fixtures")],
            swiftSettings: settings),
        .testTarget(
            name: "CoreTests", dependencies: ["Core", "CEL", "Simulation", "RandomStates", crypto],
            exclude: ["Actions/Fixtures", "Approval/Fixtures", "Fixtures"],
            swiftSettings: settings),
        .target(name: "RandomStates", path: "Tests/Support/RandomStates", swiftSettings: settings),
        .testTarget(
            name: "EngineTests",
            dependencies: ["Engine", "Core", "SSH", "TransparencyLog", "WitnessStandIn", "audit-hammer", crypto],
            swiftSettings: settings),
        .executableTarget(
            name: "audit-hammer", dependencies: ["Engine", "TransparencyLog"], path: "Tests/Support/audit-hammer",
            swiftSettings: settings),
        .target(
            name: "WitnessStandIn", dependencies: ["TransparencyLog"], path: "Tests/Support/WitnessStandIn",
            swiftSettings: settings),
        .testTarget(
            name: "ServicesTests",
            dependencies: ["Services", "Engine", "Core", "TransparencyLog", "WitnessStandIn", grdb],
            swiftSettings: settings),
        .testTarget(
            name: "CommandsTests",
            dependencies: [
                "Commands", "Engine", "Core", "SSH", "Services", "TransparencyLog", "WitnessStandIn", "belay",
                arguments,
                subprocess,
                system,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SimulationTests", dependencies: ["Simulation", "Core"],
            path: "Tests/Simulation", swiftSettings: settings),
        .testTarget(
            name: "Integration", dependencies: ["belay", "Core", "RandomStates", subprocess, system],
            path: "Tests/Integration", exclude: ["Playbook"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
