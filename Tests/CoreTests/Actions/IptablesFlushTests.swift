import Core
import Testing

struct IptablesFlushTests {
    private let accept = try? IptablesFlush(arguments: Arguments())
    private let keep = try? IptablesFlush(arguments: Arguments(["policy": .text("keep")]))
    private static let surroundings =
        "version=iptables v1.8.9 (nf_tables)\nfirewalld=inactive\nnft=visible\ntable ip filter\n"

    private func outputs(
        _ v4: String, _ v6: String = "", surroundings: String = surroundings, other: String = ""
    ) -> [CommandOutput] {
        [surroundings, v4, v6, other].map { Fixture.output($0) }
    }

    @Test("a person's rules go and the policy becomes ACCEPT in the same transaction")
    func dropPolicy() throws {
        let action = try #require(accept)
        let before = try action.parse(outputs(Fixture.text("drop-policy-save.txt")))
        #expect(before.lines("ipv4.policies")?.first == "-t filter -P INPUT DROP")
        #expect(before.lines("ipv4.rules")?.count == 4)
        let commands = action.apply(before)
        #expect(commands.map(\.argv) == [["iptables-restore", "--noflush", "-w", "10"]])
        let text = """
            *filter
            :INPUT ACCEPT [0:0]
            :FORWARD ACCEPT [0:0]
            -D INPUT -i lo -j ACCEPT
            -D INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            -D INPUT -p tcp -m tcp --dport 22 -m comment --comment "allow ssh" -j ACCEPT
            -D INPUT -p icmp -j ACCEPT
            COMMIT

            """
        #expect(commands.first?.input?.text == text)
        let after = try action.predict(before).after
        #expect(after.lines("ipv4.rules") == [])
        #expect(after.lines("ipv4.policies")?.allSatisfy { $0.hasSuffix("ACCEPT") } == true)
    }

    @Test("keeping a DROP policy is said to cut the path, and no policy is written")
    func keepPolicy() throws {
        let action = try #require(keep)
        let before = try action.parse(outputs(Fixture.text("drop-policy-save.txt")))
        #expect(action.apply(before).first?.input?.text?.contains(":INPUT") == false)
        let notes = try action.predict(before).notes
        #expect(notes.contains { $0.contains("INPUT keeps policy DROP with no rule: new connections, SSH included") })
    }

    @Test("nothing of kube-proxy or the CNI is flushed, and nothing of theirs is in the footprint")
    func kubernetes() throws {
        let action = try #require(accept)
        for file in ["kube-proxy-save.txt", "cni-save.txt", "after-nat-flush-save.txt"] {
            let before = try action.parse(outputs(Fixture.text(file), Fixture.text("kube-proxy6-save.txt")))
            #expect(action.apply(before).isEmpty, "\(file)")
            let empty = try action.parse(outputs(""))
            let differences = before.differences(from: empty) { action.role(of: $0) == .footprint }
            #expect(differences.isEmpty, "\(file)")
        }
    }

    @Test("a chain of ours that theirs lead to stays, with what it leads to")
    func reached() throws {
        let action = try #require(accept)
        let before = try action.parse(
            outputs(
                """
                *filter
                :INPUT ACCEPT [0:0]
                :CNI-FORWARD - [0:0]
                :LOCAL - [0:0]
                :DEEPER - [0:0]
                :MINE - [0:0]
                [0:0] -A INPUT -m comment --comment "x -j KUBE-FIREWALL" -j MINE
                [0:0] -A CNI-FORWARD -j LOCAL
                [0:0] -A LOCAL -g DEEPER
                COMMIT

                """))
        #expect(
            before.lines("ipv4.rules") == [
                "-t filter -N MINE", #"-t filter -A INPUT -m comment --comment "x -j KUBE-FIREWALL" -j MINE"#,
            ])
    }

    @Test(
        "a firewall that is not all iptables is refused",
        arguments: [
            (surroundings + "table inet filter\n", ""), (surroundings + "table ip kube-proxy\n", ""),
            ("version=iptables v1.8.9 (nf_tables)\nfirewalld=active\n", ""),
            (surroundings, "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"),
            (surroundings, "*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j ACCEPT\nCOMMIT\n"),
        ])
    func refused(surroundings: String, other: String) {
        #expect(throws: ObservationError.self) {
            try accept?.parse(outputs("", surroundings: surroundings, other: other))
        }
    }

    @Test(
        "what is not understood is never guessed",
        arguments: [
            "*filter\n:INPUT ACCEPT [0:0]\n", "-A INPUT -j ACCEPT\n", "*filter\nCOMMIT\nrubbish\n", "*a\n*b\nCOMMIT\n",
            "*filter\n-X INPUT\nCOMMIT\n", "*\nCOMMIT\n", "*filter -N -A\n:a - [0:0]\nCOMMIT\n",
            "*filter\n:-A - [0:0]\nCOMMIT\n",
            "*filter\n-A -j DROP\nCOMMIT\n", "*filter\n:FORWARD \r\nDROP [0:0]\nCOMMIT\n",
            "# Table `x' is incompatible, use 'nft' tool.\n",
        ])
    func misread(text: String) {
        #expect(throws: ObservationError.self) { try accept?.parse(outputs(text)) }
        #expect(throws: ObservationError.self) { try accept?.parse(outputs("", text)) }
    }

    @Test("a carriage return before a newline hides no line from us that iptables-restore would read")
    func carriageReturn() throws {
        let text = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo\r\n-A INPUT -j DROP\nCOMMIT\n"
        let before = try #require(accept).parse(outputs(text))
        #expect(
            before.lines("ipv4.rules") == ["-t filter -A INPUT -i lo\r", "-t filter -A INPUT -j DROP"])
    }

    @Test("a comment whose quote has a combining mark behind it passes for nobody's rule")
    func combiningMark() throws {
        let rule = "-A INPUT -m comment --comment \"\u{301} -j KUBE-X\" -j DROP"
        let before = try #require(accept).parse(outputs("*filter\n:INPUT ACCEPT [0:0]\n\(rule)\nCOMMIT\n"))
        #expect(before.lines("ipv4.rules") == ["-t filter \(rule)"])
    }

    @Test("thousands of chains that lead from one to the next are read in time")
    func longWay() throws {
        let names = ["KUBE-0"] + (1..<15_000).map { "c\($0)" }
        let chains = names.map { ":\($0) - [0:0]\n" }.joined()
        let rules = zip(names, names.dropFirst()).map { "-A \($0) -j \($1)\n" }.joined()
        let text = "*filter\n:INPUT ACCEPT [0:0]\n\(chains)\(rules)COMMIT\n"
        let action = try #require(accept)
        let seconds = try processorSeconds {
            let before = try action.parse(outputs(text))
            #expect(before.lines("ipv4.rules") == [])
            let ours = try action.parse(outputs(text.replacing("KUBE-0", with: "c0")))
            #expect(ours.lines("ipv4.rules")?.count == 2 * names.count - 1)
            #expect(action.apply(ours).first?.input?.text?.contains("-X c14999") == true)
            #expect(action.undo(ours).first?.input?.text?.contains("C :c14999 - ") == true)
        }
        #expect(seconds < 15)
    }

    @Test("a state that no firewall has, as a node's own record may, flushes nothing")
    func impossibleState() throws {
        let odd = ["", "-t", "-t filter", "-t filter -A", "-t  -N -A", "-t filter -P INPUT", " "]
        let before = Observation(["ipv4.rules": .lines(odd), "ipv4.policies": .lines(odd)])
        for action in [accept, keep].compactMap(\.self) {
            #expect(action.apply(before).isEmpty)
            _ = try action.predict(before)
        }
    }

    @Test("arguments out of range are refused", arguments: hostileValues + ["drop"])
    func arguments(value: String) {
        #expect(throws: ArgumentError.self) { try IptablesFlush(arguments: Arguments(["policy": .text(value)])) }
        #expect(throws: ArgumentError.self) { try IptablesFlush(arguments: Arguments(["full": .text(value)])) }
        #expect(throws: ArgumentError.self) { try IptablesFlush(arguments: Arguments(["limit": .text(value)])) }
        #expect(throws: ArgumentError.self) { try IptablesSnapshot(arguments: Arguments(["name": .text(value + "/")])) }
        #expect(throws: ArgumentError.self) {
            try IptablesRestore(arguments: Arguments(["snapshot": .text("." + value)]))
        }
    }
}
