import Core

/// The way back by hand, machine by machine, with what each script holds.
struct ByHandView: Sendable {
    let hand: ByHand
    /// The node of the run, for what its undo scripts hold.
    let node: NodeRun?
    /// How machines are reached.
    let inventory: Inventory

    func lines(_ style: Style) -> [String] {
        var lines = ["", style.strong("By hand, for \(hand.node.printable):")]
        if hand.lines.isEmpty {
            lines += ["  # look at the node; no step of this run has to be undone there", "  $ \(reach(hand.node))"]
        }
        var host: String?
        for line in hand.lines {
            if line.host != host { lines.append(contentsOf: entering(line.host)) }
            host = line.host
            lines += self.lines(line, style)
        }
        return lines + [
            "  # when it is as it was found, say so here, and other plans may run there:",
            "  $ \(ShellQuote.display(hand.resolve).printable)",
        ]
    }

    private func entering(_ host: String) -> [String] {
        host == "local" ? ["  # on this machine, as the user who ran it:"] : ["  $ \(reach(host))"]
    }

    private func lines(_ line: ByHand.Line, _ style: Style) -> [String] {
        guard !line.command.isEmpty else { return [style.bad("  # \(line.purpose.printable)")] }
        let command = "  $ \(sudo(line.host))\(ShellQuote.display(line.command).printable)"
        return [command, style.faint("    # \(line.purpose.printable)")] + contents(line, style)
    }

    private func contents(_ line: ByHand.Line, _ style: Style) -> [String] {
        guard let step = line.step, let node else { return [] }
        let secrets = Secrets(node.plan.steps[step])
        return CommandView(node.steps[step].intent?.undo ?? [], secrets: secrets, verbose: false).lines(style)
            .map { "    # " + $0 }
    }

    private func reach(_ host: String) -> String {
        guard let entry = inventory.node(host) else {
            let address = node?.plan.host(at: .node)?.identity.address
            return "ssh \((host == hand.node ? address ?? host : host).printable)"
        }
        let port = entry.port.map { $0 == 22 ? [] : ["-p", "\($0)"] } ?? []
        return ShellQuote.display(["ssh"] + port + [entry.destinationText]).printable
    }

    private func sudo(_ host: String) -> String {
        host == "local" || inventory.node(host)?.user == "root" ? "" : "sudo "
    }
}
