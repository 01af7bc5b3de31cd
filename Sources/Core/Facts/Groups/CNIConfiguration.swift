import Foundation

/// A file of /etc/cni/net.d: one plugin, or a list of them.
struct CNIConfiguration: Decodable {
    private struct Plugin: Decodable { let type: String }

    private let name: String?
    private let type: String?
    private let plugins: [Plugin]?

    /// The types of its plugins, in order.
    private var types: [String] { plugins.map { $0.map(\.type) } ?? type.map { [$0] } ?? [] }

    /// What the group is: the first file that can be read is the one that the runtime takes.
    static func report(_ answers: FactAnswers) -> FactReport {
        var report = FactReport(answers)
        guard report.complete.contains("files") else { return report }
        var faults: [String] = []
        for columns in report.items["files"] ?? [] {
            guard let file = columns.first.map(String.init) else { continue }
            switch read(FactReport.joined(columns.dropFirst())) {
            case .success(let found):
                report.take(found, file, fault: faults.first)
                return report
            case .failure(let fault): faults.append("\(file): \(fault.cause)")
            }
        }
        report.set("file", "")
        report.set("error", faults.first ?? "there is no configuration")
        for field in ["name", "plugins", "missing"] { report.fail(field, "no configuration can be used") }
        return report
    }

    fileprivate struct Found { let name: String, types: [String] }
    private struct Fault: Error { let cause: String }

    private static func read(_ text: Substring) -> Result<Found, Fault> {
        do {
            let configuration = try JSONDecoder().decode(CNIConfiguration.self, from: Data(text.utf8))
            guard let name = configuration.name else { return .failure(Fault(cause: "it names no network")) }
            guard !configuration.types.isEmpty else { return .failure(Fault(cause: "it lists no plugins")) }
            return .success(Found(name: name, types: configuration.types))
        } catch DecodingError.dataCorrupted { return .failure(Fault(cause: "it is not JSON")) } catch {
            return .failure(Fault(cause: "it is no configuration of a network"))
        }
    }
}

extension FactReport {
    fileprivate mutating func take(_ found: CNIConfiguration.Found, _ file: String, fault: String?) {
        set("file", file)
        set("name", found.name)
        set("error", fault ?? "")
        set("plugins", found.types)
        guard complete.contains("programs") else { return }
        let programs = Set((items["programs"] ?? []).compactMap(\.first).map(String.init))
        set("missing", found.types.filter { !programs.contains($0) })
    }
}
