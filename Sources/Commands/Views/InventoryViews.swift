import Core
import Engine

/// `belay inventory list`.
struct InventoryView: Sendable {
    let nodes: [Inventory.Node]

    func text() -> String {
        let rows = nodes.map { node in
            [
                node.name, node.address, node.user ?? "-", node.port.map(String.init) ?? "-", node.pool,
                node.roles.sorted().joined(separator: ","),
                node.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ","),
            ].map { $0.isEmpty ? "-" : $0.printable }
        }
        return Table.lines([["NODE", "ADDRESS", "USER", "PORT", "POOL", "ROLES", "LABELS"]] + rows).text
    }

    /// A JSON array.
    func json() throws -> String { try JSONText.pretty(nodes.map(Row.init)) }

    private struct Row: Encodable {
        let name, address: String
        let user: String?
        let port: Int?
        let pool: String
        let roles: [String]
        let labels: [String: String]

        init(_ node: Inventory.Node) {
            (name, address, user, port, pool) = (node.name, node.address, node.user, node.port, node.pool)
            (roles, labels) = (node.roles.sorted(), node.labels)
        }
    }
}

/// One node of `belay inventory check`: a line, and below it what is wrong.
struct NodeCheckView: Sendable {
    private let check: NodeCheck

    init(_ check: NodeCheck) { self.check = check }

    /// Widths that are known before the first answer, so that lines can be shown as answers come.
    struct Columns: Sendable {
        let node: Int

        var header: String {
            line("NODE", ["ADDRESS", "TRANSPORT", "SERVER", "ROOT", "SYSTEMD", "CLOCK", "LOGIN", "COMMAND"])
        }

        fileprivate func line(_ name: String, _ cells: [String]) -> String {
            let widths = [26, 9, 30, 5, 7, 8, 8, 8]
            let rest = zip(cells, widths).map { cell, width in pad(cell, width) }.joined(separator: "  ")
            let text = pad(name, node) + "  " + rest
            return String(text.reversed().drop { $0 == " " }.reversed())
        }

        private func pad(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
    }

    static func columns(named names: [String]) -> Columns {
        Columns(node: max(4, names.map(\.printable.count).max() ?? 0))
    }

    func text(_ columns: Columns, _ style: Style) -> String {
        let name = check.node.printable
        let line = columns.line(name, cells)
        let head = check.problem == nil ? line : style.bad(line)
        return ([head] + details(style).indented(4)).text
    }

    private var cells: [String] {
        [
            check.address.printable, check.transport?.printable ?? "FAILED", check.server?.printable ?? "-",
            check.root?.rawValue ?? "-", check.systemd.map { $0 ? "yes" : "no" } ?? "-",
            check.clockSkewMilliseconds.map { "\($0 > 0 ? "+" : "")\($0) ms" } ?? "-",
            check.handshakeMicroseconds.map { "\($0 / 1000) ms" } ?? "-",
            check.commandMicroseconds.map { "\(Double($0 / 100) / 10) ms" } ?? "-",
        ]
    }

    private func details(_ style: Style) -> [String] {
        var lines: [String] = []
        if !check.jumps.isEmpty { lines.append("through \(check.jumps.map(\.printable).joined(separator: ", "))") }
        if let reason = check.transportReason { lines.append("openssh because \(reason.printable)") }
        if let key = check.hostKey { lines.append(style.faint("host key \(key.printable)")) }
        if let way = check.authentication { lines.append(style.faint("logged in by \(way.printable)")) }
        lines += check.warnings.map { style.warning("warning: \($0.printable)") }
        if let problem = check.problem {
            lines.append(style.bad("\(problem.phase): \(problem.message)".printable))
            lines.append("→ \(problem.remedy.printable)")
        }
        return lines
    }

    /// A JSON array.
    static func json(_ checks: [NodeCheck]) throws -> String {
        try JSONText.pretty(checks)
    }
}

/// The host keys of one node, for a person to compare.
struct HostKeysView: Sendable {
    private let sight: HostKeySight

    init(_ sight: HostKeySight) { self.sight = sight }

    func text(_ style: Style) -> String {
        var lines = [style.strong("\(sight.node.printable) (\(sight.address.printable)) shows:")]
        for shown in sight.keys {
            lines.append("  \(shown.key.description.printable)  \(words(shown.standing, style))")
            if shown.standing != .known { lines += shown.art.split(separator: "\n").map { "  " + $0 } }
        }
        if !sight.others.isEmpty {
            lines.append(
                "  on record and not shown: \(sight.others.map(\.description.printable).joined(separator: ", "))")
        }
        return lines.text
    }

    /// What was done.
    var recorded: String {
        "\(sight.node.printable): \(count(sight.undecided.count, "key")) recorded as trusted in \(sight.file.printable)"
    }

    private func words(_ standing: HostKeySight.Standing, _ style: Style) -> String {
        switch standing {
        case .known: style.good("on record")
        case .new: "not on record"
        case .changed(let old):
            style.bad("CHANGED, on record is \(old.map(\.description.printable).joined(separator: ", "))")
        case .revoked: style.bad("REVOKED")
        }
    }
}
