import Core
import Testing

struct CommandActionTests {
    private func argv(_ words: String...) -> ArgumentValue { .list(words.map { .text($0) }) }

    @Test("with an undo it is compensable, without one irreversible, and never predicts")
    func classes() throws {
        let bare = try CommandAction(arguments: Arguments(["apply": argv("true")]))
        #expect(bare.reversibility == .irreversible)
        #expect(bare.undo(Observation()).isEmpty)
        let full = try CommandAction(
            arguments: Arguments(["apply": argv("true"), "undo": argv("false"), "observe": argv("id", "-u")]))
        #expect(full.reversibility == .compensable)
        let seen = try full.parse([Fixture.output("0\n", status: 3)])
        #expect(seen.text("observe.1.status") == "3")
        let prediction = try full.predict(seen)
        for field in prediction.after.fields.keys {
            guard case .unpredictable = prediction.quality(of: field) else {
                Issue.record("\(field) is guessed")
                continue
            }
        }
    }

    @Test("every word stays one word", arguments: hostileValues.filter { !$0.contains("\u{0}") })
    func hostile(value: String) throws {
        let action = try CommandAction(arguments: Arguments(["apply": argv("printf", "%s", value)]))
        #expect(action.apply(Observation()) == [Command(["printf", "%s", value])])
    }

    @Test(
        "what can cut the path needs an undo",
        arguments: [
            ["iptables", "-F"], ["/usr/sbin/ip", "link", "set", "eth0", "down"],
            ["timeout", "5", "nft", "flush", "ruleset"],
            ["systemctl", "stop", "ssh"], ["systemctl", "restart", "NetworkManager.service"], ["reboot"],
        ])
    func cuts(words: [String]) throws {
        let apply = ArgumentValue.list(words.map { .text($0) })
        #expect(throws: ArgumentError.self) { try CommandAction(arguments: Arguments(["apply": apply])) }
        let action = try CommandAction(arguments: Arguments(["apply": apply, "undo": argv("true")]))
        #expect(action.cutsPath)
        #expect(try !CommandAction(arguments: Arguments(["apply": argv("kubeadm", "init")])).cutsPath)
    }

    @Test(
        "shell lines, empty programs and options for programs are refused",
        arguments: [
            ["sh", "-c", "x"], ["env", "bash", "-ec", "x"], [""], ["-x"], ["A=b", "c"], ["true", "a\u{0}b"],
        ])
    func refused(words: [String]) {
        #expect(throws: ArgumentError.self) {
            try CommandAction(arguments: Arguments(["apply": .list(words.map { .text($0) })]))
        }
        #expect(throws: ArgumentError.self) {
            try CommandAction(arguments: Arguments(["apply": argv("true"), "shell": .flag(true)]))
        }
    }
}
