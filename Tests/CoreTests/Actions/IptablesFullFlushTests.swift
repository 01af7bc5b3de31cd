import Testing

@testable import Core

@Suite("iptables.flush with full takes kube-proxy's rules and proves that they are back")
struct IptablesFullFlushTests {
    private static let pod = "kubeProxy=pod\nkubelet=active\nservice=10.96.0.1:443\nanswers=yes\n"
    private let full = try? IptablesFlush(arguments: Arguments(["full": .flag(true)]))

    private func outputs(_ v4: String, _ v6: String = "", proxy: String = pod) -> [CommandOutput] {
        ["version=iptables v1.8.9 (nf_tables)\nfirewalld=inactive\nnft=visible\n", v4, v6, "", proxy]
            .map { Fixture.output($0) }
    }

    private func order(_ command: Command?) -> [String] {
        (command?.input?.text ?? "").split(separator: "\n").map(String.init)
    }

    private static let small = """
        *filter
        :INPUT DROP [3:4]
        :KUBE-FIREWALL - [0:0]
        :CNI-FORWARD - [0:0]
        :LOCAL - [0:0]
        [0:0] -A INPUT -j CNI-FORWARD
        [1:2] -A INPUT -j KUBE-FIREWALL
        [5:6] -A INPUT -i lo -j ACCEPT
        [0:0] -A KUBE-FIREWALL -j LOCAL
        [0:0] -A LOCAL -s 10.0.0.1 -j DROP
        COMMIT

        """

    @Test("one transaction a family takes all but the CNI's, and then kube-proxy is restarted and a Service asked")
    func commands() throws {
        let action = try #require(full)
        let before = try action.parse(
            outputs(try Fixture.text("kube-proxy-save.txt"), try Fixture.text("kube-proxy6-save.txt")))
        let commands = action.apply(before)
        #expect(commands.count == 3)
        #expect(
            commands[0].argv.dropFirst(4).prefix(3) == [
                "iptables-save", "iptables-restore", "^(CNI-|cali-|FLANNEL|CILIUM_)",
            ])
        #expect(commands[0].argv.suffix(2) == ["only", "take"])
        #expect(commands[0].input?.text == "" && commands[1].input?.text == "")
        #expect(commands[2].argv.dropFirst(4) == ["pod", "10.96.0.1", "443", "60", "iptables-save", "ip6tables-save"])
        let prediction = try action.predict(before)
        #expect(prediction.after.text("serviceAnswers") == "yes" && prediction.quality(of: "serviceAnswers") == .exact)
        #expect(prediction.notes.contains { $0.hasPrefix("Services take no new connection on this node") })
        #expect(action.leastTimeout == 70)
        #expect(try IptablesFlush(arguments: Arguments()).leastTimeout == 0)
    }

    @Test("policies stay where the step says so, with the counts that they have by then")
    func policies() throws {
        let keep = try IptablesFlush(arguments: Arguments(["full": .flag(true), "policy": .text("keep")]))
        #expect(order(keep.apply(try keep.parse(outputs(Self.small))).first) == ["T filter", "P :INPUT DROP ="])
    }

    @Test("undo has what kube-proxy had with it, for a node where nobody has written it anew")
    func undo() throws {
        let action = try #require(full)
        let undo = action.undo(try action.parse(outputs(Self.small)))
        #expect(
            order(undo.first) == [
                "T filter", "P :INPUT DROP [3:4]", "C :LOCAL - [0:0]", "A [0:0] -A LOCAL -s 10.0.0.1 -j DROP",
                "c :KUBE-FIREWALL - [0:0]", "a [0:0] -A KUBE-FIREWALL -j LOCAL", "K -A INPUT -j CNI-FORWARD",
                "b [1:2] -A INPUT -j KUBE-FIREWALL", "B [5:6] -A INPUT -i lo -j ACCEPT",
            ])
        #expect(undo.first?.argv.suffix(2) == ["only", "write"])
        #expect(undo.first?.argv.contains("^(KUBE-|CNI-|cali-|FLANNEL|CILIUM_)") == true)
        // Without it theirs only show where ours stand.
        let plain = try IptablesFlush(arguments: Arguments())
        let lines = order(plain.undo(try plain.parse(Array(outputs(Self.small).dropLast()))).first)
        #expect(lines.contains("K -A INPUT -j KUBE-FIREWALL") && !lines.contains { $0.hasPrefix("c ") })
    }

    @Test("where everything was flushed before, the given Service says which family must be back")
    func given() throws {
        let nothing = "kubeProxy=unit\nkubelet=inactive\nservice=[fd00::1]:443\nanswers=no\n"
        let action = try IptablesFlush(
            arguments: Arguments(["full": .flag(true), "service": .text("[fd00::1]:443"), "limit": .text("20")]))
        #expect(action.observe().last?.argv.suffix(3) == ["look", "fd00::1", "443"])
        let before = try action.parse(outputs("", proxy: nothing))
        _ = try action.predict(before)
        #expect(action.apply(before).last?.argv.suffix(5) == ["unit", "fd00::1", "443", "20", "ip6tables-save"])
    }

    @Test("a node without Kubernetes is flushed, and nobody is restarted")
    func plainNode() throws {
        let action = try #require(full)
        let none = "kubeProxy=none\nkubelet=inactive\nservice=none\nanswers=no\n"
        let before = try action.parse(outputs(Fixture.text("drop-policy-save.txt"), proxy: none))
        #expect(try action.predict(before).after.text("serviceAnswers") == "no")
        #expect(action.apply(before).count == 2)
    }

    @Test(
        "what would not come back, or not be proved, is refused",
        arguments: [
            pod.replacing("=pod", with: "=none"), pod.replacing("=active", with: "=failed"),
            pod.replacing("10.96.0.1:443", with: "none"),
        ])
    func refused(proxy: String) throws {
        let action = try #require(full)
        let before = try action.parse(outputs(try Fixture.text("kube-proxy-save.txt"), proxy: proxy))
        #expect(throws: ObservationError.self) { try action.predict(before) }
    }

    @Test(
        "an answer that is not whole is no answer",
        arguments: [
            "", "kubeProxy=pod\n", pod.replacing("=pod", with: "=several"), pod.replacing("=yes", with: "=perhaps"),
            pod.replacing("service=10.96.0.1:443\n", with: ""),
        ])
    func misread(proxy: String) {
        #expect(throws: ObservationError.self) { try full?.parse(outputs("", proxy: proxy)) }
    }

    @Test("a Service that answers where it did not is as good, and one that is silent since is not")
    func equivalent() throws {
        let action = try #require(full)
        #expect(action.isEquivalent("serviceAnswers", before: .text("no"), now: .text("yes")))
        #expect(!action.isEquivalent("serviceAnswers", before: .text("yes"), now: .text("no")))
        #expect(!action.isEquivalent("ipv4.rules", before: .lines([]), now: .lines(["x"])))
    }

    @Test(
        "arguments out of range are refused",
        arguments: [
            "10.96.0.1", "10.96.0.1:0", "10.96.0.1:65536", "10.96.0.256:443", "10.96.0.01:443", "fd00::1:443",
            "[fd00::g]:1",
            "[]:1", "a:1", "10.96.0.1:+1", "10.96.0.1:443 ", "-x:1",
        ])
    func arguments(service: String) {
        #expect(throws: ArgumentError.self) {
            try IptablesFlush(arguments: Arguments(["full": .flag(true), "service": .text(service)]))
        }
        #expect(ServiceAddress(service) == nil)
        #expect(throws: ArgumentError.self) {
            try IptablesFlush(arguments: Arguments(["service": .text("10.96.0.1:443")]))
        }
    }
}
