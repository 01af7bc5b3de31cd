import ArgumentParser
import Core
import Engine

/// `belay inventory`.
struct InventoryVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory", abstract: "List nodes, check how they are reached, and trust their host keys.",
        subcommands: [List.self, Check.self, Trust.self])

    /// `belay inventory list`.
    struct List: Verb {
        static let configuration = CommandConfiguration(
            abstract: "List the nodes of the inventory, as its files say; none is asked.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption
        @OptionGroup var selection: NodeArguments

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let inventory = try await global.workspace().inventory
            let view = InventoryView(nodes: try selection.nodes(in: inventory))
            terminal.complain(notes: inventory)
            terminal.write(output.format == .json ? try view.json() : view.text())
            return .done
        }
    }

    /// `belay inventory check`.
    struct Check: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Log in to nodes and say how they are reached, and what stands in the way.",
            discussion:
                "Changes nothing on a node and writes no log. Exits with 10 when a node cannot be used, with its remedy."
        )

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption
        @OptionGroup var selection: NodeArguments
        @OptionGroup var connection: ConnectionOptions

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let workspace = try await global.workspace()
            let nodes = try selection.nodes(in: workspace.inventory)
            terminal.complain(notes: workspace.inventory)
            let isText = output.format == .text
            let columns = NodeCheckView.columns(named: nodes.map(\.name))
            if isText { terminal.write(columns.header) }
            let checks = try await workspace.check(nodes, choices: connection.choices) { check in
                if isText { terminal.write(NodeCheckView(check).text(columns, terminal.style)) }
            }
            if !isText { terminal.write(try NodeCheckView.json(checks)) }
            return checks.allSatisfy { $0.problem == nil } ? .done : .couldNotStart
        }
    }

    /// `belay inventory trust`.
    struct Trust: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Show the host keys of nodes, ask, and record them as trusted.",
            discussion: """
                Nobody logs in. Compare the fingerprints with what `ssh-keygen -lv -f /etc/ssh/ssh_host_ed25519_key.pub` \
                shows on the node's console. Who trusted what, when and on what grounds stands in the audit log.
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var selection: NodeArguments

        @Option(
            name: .customLong("from-file"),
            help: ArgumentHelp(
                "Trust what stands in this file and nothing else, without asking. Lines: NAME SHA256:…, what ssh-keygen -l "
                    + "prints, or known_hosts.", valueName: "path"))
        var preparedFile: String?

        @Flag(help: "A key that has changed may take the place of the one on record.")
        var replace = false

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let workspace = try await global.workspace()
            let nodes = try selection.nodesSaid(in: workspace.inventory)
            let prepared = try preparedFile.map(PreparedFile.init)
            guard prepared != nil || Person.isPresent else {
                throw UsageError(
                    "nobody is there to be asked",
                    remedy: "Run it in a terminal, or name prepared fingerprints with --from-file.")
            }
            let trust = Trusting(workspace: workspace, prepared: prepared, replaces: replace, terminal: terminal)
            return try await trust.all(of: nodes)
        }
    }
}

/// `belay inventory trust`, node by node.
private struct Trusting {
    let workspace: Workspace
    let prepared: PreparedFile?
    let replaces: Bool
    let terminal: Terminal

    /// What became of one node.
    private enum Result { case trusted, refused, failed }

    func all(of nodes: [Inventory.Node]) async throws -> Exit {
        let sights = try await workspace.hostKeys(of: nodes)
        let results = try await workspace.withBelay { belay in
            var results: [Result] = []
            for (node, sight) in sights { results.append(try await one(node, sight, belay)) }
            return results
        }
        if results.contains(.failed) { return .couldNotStart }
        return results.contains(.refused) ? .denied : .done
    }

    private func one(
        _ node: Inventory.Node, _ sight: Swift.Result<HostKeySight, NodeFailure>, _ belay: Belay
    ) async throws -> Result {
        switch sight {
        case .failure(let failure):
            terminal.complain("\(node.name): \(failure)".printable)
            return .failed
        case .success(let sight):
            terminal.write(HostKeysView(sight).text(terminal.style))
            do {
                return try await decide(sight, belay)
            } catch let refusal as TrustRefusal {
                terminal.complain("\(node.name): NOT trusted: \(refusal)".printable)
                return .refused
            }
        }
    }

    private func decide(_ sight: HostKeySight, _ belay: Belay) async throws -> Result {
        guard !sight.undecided.isEmpty || sight.keys.contains(where: { $0.standing == .revoked }) else {
            return .trusted
        }
        // A changed or revoked key is refused before anybody is asked.
        try sight.check(replaces: replaces)
        var sight = sight
        if let prepared {
            try sight.keep(from: prepared)
            try await belay.trust(
                sight, on: .prepared(file: prepared.path, sha256: prepared.sha256), replaces: replaces)
        } else {
            let question = "Did you compare them by another way, and do you trust \(sight.node.printable)? (yes/no) "
            guard await Person.ask(question)?.lowercased() == "yes" else {
                terminal.write("\(sight.node.printable): not trusted")
                return .refused
            }
            try await belay.trust(sight, on: .asked, replaces: replaces)
        }
        terminal.write(HostKeysView(sight).recorded)
        return .trusted
    }
}

extension Terminal {
    /// What sources of the inventory say and Belay does not do.
    fileprivate func complain(notes inventory: Inventory) {
        for note in inventory.notes { complain("note: \(note)".printable) }
    }
}
