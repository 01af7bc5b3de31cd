// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody who builds Belay builds its benchmarks. `../bench` builds and runs it.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "belay-benchmarks",
    dependencies: [.package(name: "belay", path: "..")],
    targets: [
        .executableTarget(
            name: "client", dependencies: ["Measuring", .product(name: "SSH", package: "belay")],
            swiftSettings: settings),
        .executableTarget(
            name: "floor", cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("ssh2"), .linkedLibrary("crypto")]),
        .executableTarget(name: "floor-lookups", linkerSettings: [.linkedLibrary("ssh2")]),
        .executableTarget(
            name: "audit-client", dependencies: ["Measuring", .product(name: "Log", package: "belay")],
            swiftSettings: settings),
        .executableTarget(
            name: "audit-floor", cSettings: [.define("_GNU_SOURCE")], linkerSettings: [.linkedLibrary("crypto")]),
        .executableTarget(
            name: "policy-client", dependencies: ["Measuring", .product(name: "Policies", package: "belay")],
            swiftSettings: settings),
        .target(name: "Measuring", path: "Sources/measuring", swiftSettings: settings),
        .executableTarget(
            name: "fork-free-sshd", cSettings: [.define("_GNU_SOURCE")], linkerSettings: [.linkedLibrary("ssh")]),
    ],
    swiftLanguageModes: [.v6]
)
