import Core
import FoundationEssentials
import Measuring

/// What went wrong.
struct Failed: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}

/// The policies that ship.
struct PolicyFolder {
    private let files: [(file: String, bytes: [UInt8])]

    init(_ path: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter(PolicySet.isPolicyFile).sorted()
        files = try names.map { ($0, Array(try Data(contentsOf: URL(filePath: "\(path)/\($0)")))) }
    }

    func load() throws -> PolicySet { try PolicySet.load(files, params: Self.params) }

    /// A plan for ten thousand nodes of a hundred pools, soon after a thousand runs, would rightly be denied by these. As it
    /// is they have all to look at and nothing to say, which is what is measured.
    private static let params: [String: [String: PolicyParam]] = [
        "blast-radius-and-canary": [
            "maxTargets": .single(.int(10_000)), "maxPools": .single(.int(100)),
            "canaryAge": .single(.string("168h")),
        ],
        "disruption-storm-breaker": ["max": .single(.int(1000))],
    ]

    func measureLoading(_ count: Int) throws -> String {
        _ = try load()
        var measurement = Measurement()
        for _ in 0..<count { _ = try load() }
        measurement.end()
        measurement.more = [("files", Double(files.count))]
        return measurement.json
    }
}
