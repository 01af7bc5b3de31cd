// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]


// Who may import whom is said in docs/architecture.md; `./test` builds with the explicit-import check as an error.
let package = Package(
    name: "belay",
    products: [],
    dependencies: [
    ],
    targets: [
        .target(name: "CEL", swiftSettings: settings),
        .testTarget(name: "CELTests", dependencies: ["CEL"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
