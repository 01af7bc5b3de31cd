import Core

/// `belay config`.
struct ConfigView: Encodable, Sendable {
    let settings: [Setting]
    /// Digest of the effective policy set, as plans carry it.
    let policySet: String

    func text(_ style: Style) -> String {
        let rows = settings.map { [$0.name, $0.value, $0.layer.rawValue, $0.place ?? "-"].map(\.printable) }
        return (Table.lines(rows) + [style.strong("policy set") + " \(policySet)"]).text
    }

    func json() throws -> String { try JSONText.pretty(self) }
}
