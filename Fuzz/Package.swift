// swift-tools-version: 6.2
import PackageDescription

// A package of its own, since libFuzzer brings a main of its own and needs compiler options for all that is counted. `../fuzz`
// builds and runs it. What is fuzzed is a target of the root package, which tries the kept inputs again in `../test`.
let package = Package(
    name: "belay-fuzz",
    dependencies: [.package(name: "belay", path: "..")],
    targets: [
        .executableTarget(
            name: "fuzz", dependencies: [.product(name: "FuzzTargets", package: "belay")], path: "Driver",
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
                .treatAllWarnings(as: .error),
            ])
    ],
    swiftLanguageModes: [.v6]
)
