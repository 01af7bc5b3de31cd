import Core

/// What a person types to bring one node back without Belay.
struct ByHandView: Sendable {
    let run: String
    let node: NodeRun
    let inventory: Inventory

    func lines(_ style: Style) -> [String] {
        let steps = node.steps.indices.reversed().filter {
            node.steps[$0].mayHaveRun && node.steps[$0].undone != .succeeded
        }
        // The node comes first; what is left in the cluster keeps nobody from it.
        let places = Place.allCases.filter { place in
            place == .node || holdsLease(at: place) || steps.contains { node.plan.steps[$0].place == place }
        }
        return places.flatMap { place in
            lines(at: place, steps.filter { node.plan.steps[$0].place == place }, style)
        }
    }

    private func lines(at place: Place, _ steps: [Int], _ style: Style) -> [String] {
        let name = (place == .node ? node.plan.name : node.plan.host(at: place)?.name ?? "the execution host").printable
        let heading = style.strong("By hand, on \(name):")
        guard !steps.isEmpty else {
            return ["", "\(heading) look at the node; no step of this run has to be undone there", "  $ \(ssh(place))"]
                + freeing(place)
        }
        return ["", heading, "  $ \(ssh(place))"] + steps.flatMap { undo($0, place, style) } + freeing(place)
    }

    private func holdsLease(at place: Place) -> Bool {
        node.epoch(at: place) != nil && node.holds[place]?.released != true
    }

    // The record and the lease of an ended run keep every other plan off the node, but for the run's own rollback. By the
    // time somebody types this another run may hold the lease: that one stays.
    private func freeing(_ place: Place) -> [String] {
        guard node.state == .needsPerson, holdsLease(at: place) else { return [] }
        let unit = "\(node.fence(run: run, at: place).unit)-deadman-boot.service"
        let system = "/etc/systemd/system"
        let boot =
            place == .node && node.plan.deadManAtBoot ? " \(system)/\(unit) \(system)/*.wants/\(unit)".printable : ""
        let (sudo, lease) = (sudo(place), "\(base(place))/lease".printable)
        return [
            "  when it is as it should be, free it for other plans:",
            "  $ \(sudo)rm -rf \("\(base(place))/\(run)".printable)\(boot)",
            "  $ \(sudo)grep -qs '^\(run.printable) ' \(lease) && \(sudo)rm \(lease)",
        ]
    }

    private func base(_ place: Place) -> String {
        let fence = node.fence(run: run, at: place)
        return node.holds[place]?.isInMemory == true ? fence.memoryBase : fence.base
    }

    private func reached(_ place: Place) -> Inventory.Node? {
        inventory.node(place == .node ? node.plan.name : node.plan.host(at: place)?.name ?? "")
    }

    private func ssh(_ place: Place) -> String {
        guard let reached = reached(place) else {
            let host = node.plan.host(at: place)
            return "ssh \((host?.identity.address ?? node.plan.name).printable)"
        }
        let port = reached.port == 22 ? [] : ["-p", "\(reached.port)"]
        return ShellQuote.display(["ssh"] + port + ["\(reached.user)@\(reached.address)"]).printable
    }

    private func undo(_ index: Int, _ place: Place, _ style: Style) -> [String] {
        let folder = "\(base(place))/\(run)/steps/\(index < 10 ? "0" : "")\(index)-apply".printable
        let commands = node.steps[index].intent?.undo ?? []
        let secrets = Secrets(node.plan.steps[index])
        guard !commands.isEmpty else { return [style.bad("  # nothing undoes \(ProgressView.step(index, node.plan))")] }
        return [
            "  $ \(sudo(place))sh \(folder)/undo.sh",
            style.faint("    # undoes \(ProgressView.step(index, node.plan)); in it:"),
        ]
            + CommandView(commands, secrets: secrets, verbose: false).lines(style).map { "    # " + $0 }
    }

    private func sudo(_ place: Place) -> String { reached(place)?.user == "root" ? "" : "sudo " }
}
