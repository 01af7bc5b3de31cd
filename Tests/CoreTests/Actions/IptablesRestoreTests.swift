import Core
import Testing

@Suite("iptables.restore merges a snapshot into what is there")
struct IptablesRestoreTests {
    private static let surroundings =
        "version=iptables v1.8.9 (nf_tables)\nfirewalld=inactive\nnft=visible\ntable ip filter\n"
    private let keep = try? IptablesRestore(arguments: Arguments(["snapshot": .text("good")]))
    private let remove = try? IptablesRestore(
        arguments: Arguments(["snapshot": .text("good"), "added": .text("remove")]))

    private func outputs(_ now: String, _ snapshot: String, v6 now6: String = "", _ snapshot6: String = "")
        -> [CommandOutput]
    { [Self.surroundings, now, now6, "", snapshot, snapshot6].map { Fixture.output($0) } }

    private static func filter(_ rules: [String], chains: [String] = [], input: String = "ACCEPT") -> String {
        let builtin = [":INPUT \(input) [7:7]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"]
        let lines =
            ["*filter"] + builtin + chains.map { ":\($0) - [0:0]" } + rules.map { "[1:2] -A \($0)" } + ["COMMIT"]
        return lines.map { $0 + "\n" }.joined()
    }

    private func order(_ command: Command?) -> [String] {
        (command?.input?.text ?? "").split(separator: "\n").map(String.init)
    }

    private static let was = filter(
        ["INPUT -i lo -j ACCEPT", "INPUT -s 10.0.0.1 -j WEB", "WEB -j DROP"], chains: ["WEB"])
    private static let now = filter(
        ["INPUT -s 10.6.6.6 -j DROP", "INPUT -i lo -j ACCEPT", "INPUT -p udp -j ACCEPT"], input: "DROP")

    @Test("what is gone comes back, and what was added since stays in force where it stood")
    func kept() throws {
        let action = try #require(keep)
        let before = try action.parse(outputs(Self.now, Self.was))
        let prediction = try action.predict(before)
        #expect(
            prediction.after.lines("ipv4.rules") == [
                "-t filter -N WEB", "-t filter -A INPUT -s 10.6.6.6 -j DROP", "-t filter -A INPUT -i lo -j ACCEPT",
                "-t filter -A INPUT -p udp -j ACCEPT", "-t filter -A INPUT -s 10.0.0.1 -j WEB",
                "-t filter -A WEB -j DROP",
            ])
        #expect(prediction.after.lines("ipv4.policies")?.first == "-t filter -P INPUT ACCEPT")
        #expect(
            prediction.notes == [
                "ipv4: stays, added since the snapshot: -t filter -A INPUT -s 10.6.6.6 -j DROP",
                "ipv4: stays, added since the snapshot: -t filter -A INPUT -p udp -j ACCEPT",
            ])
        let commands = action.apply(before)
        #expect(commands.map { $0.argv.suffix(2) } == [["keep", "try"], ["keep", "write"]])
        #expect(
            order(commands.last) == [
                "T filter", "C :WEB - [0:0]", "A [1:2] -A WEB -j DROP", "B = -A INPUT -s 10.6.6.6 -j DROP",
                "B = -A INPUT -i lo -j ACCEPT", "B = -A INPUT -p udp -j ACCEPT", "B [1:2] -A INPUT -s 10.0.0.1 -j WEB",
            ])
    }

    @Test("told to, it takes away what was added since, and the plan shows each rule and chain")
    func removed() throws {
        let action = try #require(remove)
        let before = try action.parse(outputs(Self.now, Self.was))
        let prediction = try action.predict(before)
        let same = try action.parse(outputs(Self.was, Self.was))
        for field in ["ipv4.rules", "ipv4.policies", "ipv4.missing"] {
            #expect(prediction.after[field] == same[field], "\(field)")
        }
        #expect(
            prediction.notes == [
                "ipv4: goes, added since the snapshot: -t filter -A INPUT -s 10.6.6.6 -j DROP",
                "ipv4: goes, added since the snapshot: -t filter -A INPUT -p udp -j ACCEPT",
            ])
        #expect(action.apply(before).last?.argv.suffix(2) == ["only", "write"])
        #expect(action.apply(same).isEmpty && keep?.apply(same).isEmpty == true)
    }

    @Test("undo names what the snapshot brought, so that what others add meanwhile is told from it")
    func undone() throws {
        let action = try #require(keep)
        let before = try action.parse(outputs(Self.now, Self.was))
        let undo = action.undo(before)
        #expect(undo.map { $0.argv.suffix(2) } == [["keep", "write"], ["keep", "write"]])
        #expect(
            order(undo.first) == [
                "T filter", "P :INPUT DROP [7:7]", "B [1:2] -A INPUT -s 10.6.6.6 -j DROP",
                "B [1:2] -A INPUT -i lo -j ACCEPT", "B [1:2] -A INPUT -p udp -j ACCEPT", "T filter",
                "D -A INPUT -s 10.0.0.1 -j WEB", "D -A WEB -j DROP", "E WEB",
            ])
        #expect(remove?.undo(before).first?.argv.suffix(2) == ["only", "write"])
    }

    @Test("rules that stand in another order than in the snapshot are put in its order, and each is there once")
    func moved() throws {
        let (one, two, three) = ("INPUT -s 10.0.0.1 -j DROP", "INPUT -s 10.0.0.2 -j DROP", "INPUT -s 10.0.0.3 -j DROP")
        let text = outputs(Self.filter([two, three, one, one]), Self.filter([one, two, three]))
        for (action, more) in [(keep, [one]), (remove, [])] {
            let before = try #require(action).parse(text)
            let after = try #require(action).predict(before).after.lines("ipv4.rules")
            #expect(after == (([one] + [two, three]) + more).map { "-t filter -A \($0)" }, "\(more)")
        }
    }

    @Test("what kube-proxy has now stays, Services made since too, whatever is said of what was added")
    func theirs() throws {
        let (snapshot, now) = (try Fixture.text("kube-proxy-save.txt"), try Fixture.text("cni-save.txt"))
        for action in [keep, remove].compactMap(\.self) {
            let before = try action.parse(outputs(now, snapshot))
            // Only of the table that was flushed.
            let missing = before.lines("ipv4.missing") ?? []
            #expect(!missing.isEmpty && missing.allSatisfy { $0.hasPrefix("-t filter ") })
            let lines = order(action.apply(before).last)
            #expect(lines.contains("S nat") && !lines.contains { $0.contains("KUBE-SEP") })
            #expect(try action.predict(before).after.lines("ipv4.rules") == [])
        }
    }

    @Test("the CNI's rules come back when it has none, and those of a pod that is gone do not beside those of others")
    func pods() throws {
        let action = try #require(keep)
        func text(_ pods: [String]) -> String {
            let chains = (["KUBE-POSTROUTING"] + pods.map { "CNI-\($0)" }).map { ":\($0) - [0:0]\n" }.joined()
            let jumps = pods.map { "-A POSTROUTING -s 10.244.0.\($0)/32 -j CNI-\($0)\n" }.joined()
            let inner = pods.map { "-A CNI-\($0) ! -d 224.0.0.0/4 -j MASQUERADE\n" }.joined()
            return
                "*nat\n:POSTROUTING ACCEPT [0:0]\n\(chains)-A POSTROUTING -j KUBE-POSTROUTING\n\(jumps)\(inner)COMMIT\n"
        }
        let none = try action.parse(outputs(text([]), text(["1", "2"])))
        #expect(none.lines("ipv4.missing")?.count == 6)
        let others = try action.parse(outputs(text(["2", "3"]), text(["1", "2"])))
        #expect(others.lines("ipv4.missing") == [])
        #expect(action.apply(others).isEmpty)
    }

    @Test("what a flush took of kube-proxy's comes back with what it led to, and a canary that is gone stays so")
    func flushed() throws {
        let action = try #require(keep)
        let (whole, flushed) = (try Fixture.text("kube-proxy-save.txt"), try Fixture.text("after-nat-flush-save.txt"))
        for (now, isDeleted) in [(flushed, false), ("", true)] {
            let before = try action.parse(outputs(now, whole))
            let missing = before.lines("ipv4.missing") ?? []
            #expect(missing.contains { $0.hasPrefix("-t nat -A OUTPUT ") && $0.hasSuffix("-j KUBE-SERVICES") })
            #expect(missing.contains { $0.contains("-A KUBE-SEP-57GSXP65WTAEXQJA ") })
            #expect(missing.contains { $0.hasPrefix("-t filter -A INPUT ") && $0.hasSuffix("-j KUBE-FIREWALL") })
            #expect(!missing.contains { $0.contains("CANARY") })
            let lines = order(action.apply(before).last)
            #expect(lines.contains { $0.hasPrefix("b [15:891] -A OUTPUT ") && $0.hasSuffix("-j KUBE-SERVICES") })
            #expect(lines.contains("c :KUBE-SVC-LOLE4ISW44XBNF3G - [0:0]"))
            let prediction = try action.predict(before)
            #expect(prediction.after.lines("ipv4.missing") == [])
            #expect(prediction.notes.contains { $0.contains("rules of kube-proxy and the CNI come back") })
            // Undo takes it away again, but not the chains that the flush had left empty.
            let undo = order(action.undo(before).first)
            #expect(undo.contains { $0.hasPrefix("D -A KUBE-SERVICES ") })
            #expect(undo.contains("E KUBE-SERVICES") == isDeleted)
        }
    }

    @Test("after a flush kube-proxy writes the chains of one Service anew: those of the others come back")
    func halfWritten() throws {
        let jump = "OUTPUT -j KUBE-SERVICES"
        let services = ["KUBE-SERVICES -d 10.96.0.1 -j KUBE-SVC-A", "KUBE-SERVICES -d 10.96.0.2 -j KUBE-SVC-B"]
        let chains = ["KUBE-SERVICES", "KUBE-SVC-A", "KUBE-SVC-B"]
        let (first, second) = ("KUBE-SVC-A -j ACCEPT", "KUBE-SVC-B -j ACCEPT")
        let action = try #require(keep)
        let before = try action.parse(
            outputs(
                Self.filter(services + ["KUBE-SVC-B -j DROP"], chains: chains),
                Self.filter([jump] + services + [first, second], chains: chains)))
        #expect(
            before.lines("ipv4.missing") == [
                "-t filter -N KUBE-SVC-A", "-t filter -A KUBE-SVC-A -j ACCEPT", "-t filter -A OUTPUT -j KUBE-SERVICES",
            ])
        #expect(!order(action.apply(before).last).contains { $0.contains("KUBE-SVC-B") && !$0.hasPrefix("K ") })
    }

    @Test("a plan stands while kube-proxy only changes what shows where others stand")
    func permitted() throws {
        let action = try #require(keep)
        let (jump, other) = ("INPUT -j KUBE-FIREWALL", "INPUT -j KUBE-NEW")
        let (ours, theirs) = (["INPUT -i lo -j ACCEPT"], ["KUBE-FIREWALL", "KUBE-NEW"])
        func commands(_ rules: [String], _ was: [String]) throws -> [Command] {
            let snapshot = Self.filter(was + [jump], chains: ["KUBE-FIREWALL"])
            return action.apply(try action.parse(outputs(Self.filter(rules, chains: theirs), snapshot)))
        }
        let planned = try commands([jump], ours)
        #expect(try action.permits(commands([other, jump], ours), planned: planned))
        #expect(try commands([other, jump], ours) != planned)
        #expect(try !action.permits(commands([jump, "INPUT -s 10.0.0.1 -j DROP"], ours), planned: planned))
        #expect(try !action.permits(commands([jump], ours + ours), planned: planned))
    }

    @Test("a rule of ours that led to a chain of theirs which is gone cannot come back, and the plan says so")
    func leadsNowhere() throws {
        let action = try #require(keep)
        let now = Self.filter(["INPUT -j KUBE-A", "KUBE-A -j ACCEPT"], chains: ["KUBE-A"])
        let was = Self.filter(
            ["INPUT -j KUBE-A", "MINE -j KUBE-OLD", "MINE -j DROP"], chains: ["KUBE-A", "KUBE-OLD", "MINE"])
        let before = try action.parse(outputs(now, was))
        let prediction = try action.predict(before)
        #expect(prediction.after.lines("ipv4.rules") == ["-t filter -N MINE", "-t filter -A MINE -j DROP"])
        #expect(
            prediction.notes == [
                "ipv4: cannot come back, since the chain it leads to is gone: -t filter -A MINE -j KUBE-OLD"
            ])
    }

    @Test("chains that would lead back to themselves are refused")
    func circle() throws {
        let chains = ["ONE", "TWO"]
        let text = outputs(
            Self.filter(["INPUT -j ONE", "TWO -j ONE"], chains: chains),
            Self.filter(["INPUT -j ONE", "ONE -j TWO"], chains: chains))
        let action = try #require(keep)
        let before = try action.parse(text)
        #expect(throws: ObservationError.self) { try action.predict(before) }
        let other = try #require(remove)
        #expect(try other.predict(other.parse(text)).after.lines("ipv4.rules")?.last == "-t filter -A ONE -j TWO")
    }

    @Test("what another version wrote is not taken apart where something was added, and is restored where nothing was")
    func otherVersion() throws {
        let header = "# Generated by iptables-save v1.8.7 (nf_tables) on Sun Nov 22 17:27:16 2026\n"
        let action = try #require(keep)
        let added = try action.parse(outputs(Self.now, header + Self.was))
        #expect(throws: ObservationError.self) { try action.predict(added) }
        let flushed = try action.parse(outputs("", header + Self.was))
        let prediction = try action.predict(flushed)
        #expect(prediction.quality(of: "ipv4.rules") != .exact)
        #expect(action.undo(flushed).first?.argv.suffix(2) == ["only", "write"])
        let other = try #require(remove)
        #expect(try other.predict(other.parse(outputs(Self.now, header + Self.was))).notes.count == 2)
    }

    @Test(
        "what iptables-save never writes is refused as a snapshot",
        arguments: [
            "*filter\n:INPUT ACCEPT [0:0]\n:A - [0:0]\n:A - [0:0]\nCOMMIT\n", "*filter\n-A INPUT -j DROP\nCOMMIT\n",
            "*filter\nCOMMIT\n*filter\nCOMMIT\n", "rubbish\n",
        ])
    func noSnapshot(text: String) {
        #expect(throws: ObservationError.self) { try keep?.parse(outputs("", text)) }
    }

    @Test("what kube-proxy has brought back itself by the time of an undo is as good")
    func equivalent() throws {
        let action = try #require(keep)
        let (one, two) = (FieldValue.lines(["a"]), FieldValue.lines(["a", "b"]))
        #expect(action.isEquivalent("ipv4.missing", before: two, now: one))
        #expect(!action.isEquivalent("ipv4.missing", before: one, now: two))
        #expect(!action.isEquivalent("ipv4.rules", before: two, now: one))
        #expect(!action.isEquivalent("ipv4.missing", before: two, now: .absent))
    }

    @Test("thousands of rules in two orders are merged in time")
    func long() throws {
        let rules = (0..<5000).map { "INPUT -s 10.\($0 / 256 % 256).\($0 % 256).1 -j DROP" }
        let action = try #require(keep)
        let seconds = try processorSeconds {
            let before = try action.parse(outputs(Self.filter(rules.reversed()), Self.filter(rules)))
            #expect(try action.predict(before).after.lines("ipv4.rules")?.count == rules.count)
        }
        #expect(seconds < 15)
    }

    @Test("a state that no firewall has, as a node's own record may, harms nothing")
    func impossibleState() throws {
        let action = try #require(keep)
        let odd = Observation(["snapshot.v4": .content(Payload("x")), "ipv4.save": .content(Payload("y"))])
        #expect(throws: ObservationError.self) { try action.predict(odd) }
        #expect(action.apply(odd).isEmpty)
        #expect(action.undo(odd).count == 2)
    }

    @Test("arguments out of range are refused", arguments: hostileValues + ["drop"])
    func arguments(value: String) {
        #expect(throws: ArgumentError.self) {
            try IptablesRestore(arguments: Arguments(["snapshot": .text("good"), "added": .text(value)]))
        }
    }
}
