import Testing

@testable import Core

@Suite("routes.snapshot and routes.restore")
struct RoutesTests {
    static func restore(_ added: String? = nil) throws -> RoutesRestore {
        var arguments: [String: ArgumentValue] = ["snapshot": .text("good")]
        if let added { arguments["added"] = .text(added) }
        return try RoutesRestore(arguments: Arguments(arguments))
    }

    static func shown(_ v4: [String], rules: [String] = [], v6: [String] = [], up: [String] = ["eth0"]) -> String {
        (["[ipv4 routes]"] + v4 + ["[ipv4 rules]"] + rules + ["[ipv6 routes]"] + v6 + ["[ipv6 rules]", "[up]"] + up)
            .joined(separator: "\n") + "\n"
    }

    /// The file that a node would have kept.
    static func kept(_ v4: [String], rules: [String] = [], v6: [String] = []) -> String {
        shown(v4, rules: rules, v6: v6, up: []).replacing("[up]\n", with: "")
            .replacing("[ipv4 routes]\n", with: "# routes and rules kept by belay, format 1\n[ipv4 routes]\n")
    }

    static func before(
        _ snapshot: String, _ now: String, _ action: RoutesRestore? = nil
    ) throws -> Observation {
        try (action ?? restore()).parse([Fixture.output(now), Fixture.output(snapshot)])
    }

    /// What `command` asks for, one `A` or `D` line each.
    static func order(_ command: Command) -> [String] {
        (command.input?.text ?? "").split(separator: "\n").map(String.init)
    }

    @Test("of what a real node shows, what the kernel, daemons and the network plugin keep is left out")
    func recorded() throws {
        let action = try RoutesSnapshot(arguments: Arguments(["name": .text("good")]))
        let seen = try action.parse([Fixture.output(Fixture.text("routes-show.txt")), Fixture.output("", status: 3)])
        #expect(
            seen.lines("ipv4.routes") == [
                "10.2.0.0/16 via 192.0.2.9 dev eth0 proto static src 192.0.2.1 mtu lock 1400",
                "10.244.2.0/24 via 192.0.2.12 dev eth0", "10.244.2.0/24 via 192.0.2.13 dev eth0",
                "10.3.0.0/16 nexthop via 192.0.2.9 dev eth0 weight 2 nexthop via 192.0.2.10 dev eth0 weight 1",
                "10.4.0.0/16 via 203.0.113.1 dev eth0 onlink", "blackhole 10.5.0.0/16 metric 4000",
                "default via 192.0.2.253 dev eth0 metric 200", "default via 192.0.2.9 dev eth0 table 100",
            ])
        #expect(
            seen.lines("ipv4.rules") == [
                "0: from all lookup local", "500: from all fwmark 0x1/0xff lookup 100", "720: from all goto 9000",
                "32766: from all lookup main", "32767: from all lookup default",
            ])
        #expect(
            seen.lines("ipv6.routes") == [
                "2001:db8:cc::/48 metric 1024 pref medium nexthop via 2001:db8:1::9 dev eth0 weight 2 "
                    + "nexthop via 2001:db8:2::9 dev eth2 weight 1",
                "blackhole 2001:db8:ee::/48 dev lo metric 1024 pref medium",
            ])
        #expect(seen.lines("ipv4.routesLeft") == ["10.18.0.0/16 nhid 7 via 192.0.2.9 dev eth0"])
        #expect(seen.lines("ipv4.rulesLeft") == ["1000: from all lookup [l3mdev-table]"])
        #expect(try action.predict(seen).notes.count == 2)
    }

    @Test("a snapshot is what was seen, the same one again is nothing to do, and undo brings back the older one")
    func snapshot() throws {
        let action = try RoutesSnapshot(arguments: Arguments(["name": .text("good")]))
        let shown = Fixture.output(try Fixture.text("routes-show.txt"))
        let before = try action.parse([shown, Fixture.output("", status: 3)])
        let after = try action.predict(before).after
        let content = try #require(after.content("snapshot.routes"))
        #expect(action.apply(before).map(\.input) == [content])
        #expect(try RoutesState.read(snapshot: content, of: "x").values.reduce(0) { $0 + $1.count } == 17)
        let again = try action.parse([shown, CommandOutput(status: 0, output: content)])
        #expect(again == after && action.apply(again).isEmpty)
        #expect(try action.predict(again).notes.first == "there is a snapshot 'good' already: it is the same")
        #expect(action.undo(before).map(\.input) == [nil] && action.undo(again).map(\.input) == [content])
        #expect(action.role(of: "ipv4.routes") == .footprint && action.role(of: "snapshot.routes") == .footprint)
        #expect(try !action.cutsPath && action.survivesReboot && action.subject == Self.restore().subject)
    }

    @Test("what is gone or changed comes back, what was added since stays and is shown, or goes when told to")
    func merge() throws {
        let old = ["10.1.0.0/16 via 192.0.2.1 dev eth0", "10.2.0.0/16 via 192.0.2.1 dev eth0", "10.3.0.0/16 dev eth0"]
        let now = [
            "10.2.0.0/16 via 192.0.2.7 dev eth0 ", "10.3.0.0/16 dev eth0 linkdown ",
            "10.9.0.0/16 via 192.0.2.1 dev eth0",
        ]
        let keep = try Self.restore()
        let before = try Self.before(Self.kept(old), Self.shown(now))
        let prediction = try keep.predict(before)
        #expect(prediction.after.lines("ipv4.routes") == old + ["10.9.0.0/16 via 192.0.2.1 dev eth0"])
        #expect(prediction.qualities.isEmpty)
        #expect(
            prediction.notes == [
                "ipv4: stays, added since the snapshot: 10.9.0.0/16 via 192.0.2.1 dev eth0",
                "ipv4: goes, changed or added since the snapshot: 10.2.0.0/16 via 192.0.2.7 dev eth0",
            ])
        let apply = keep.apply(before)
        #expect(apply.count == 1 && apply[0].argv[4...6] == ["4", "route", "keep"])
        #expect(Self.order(apply[0]) == ["A \(old[0])", "A \(old[1])", "D 10.2.0.0/16 via 192.0.2.7 dev eth0"])
        let undo = keep.undo(before)
        #expect(undo.count == 4 && undo.map { $0.argv[6] } == ["keep", "keep", "keep", "keep"])
        #expect(Self.order(undo[0]).suffix(2) == ["D \(old[0])", "D \(old[1])"])

        let remove = try Self.restore("remove")
        #expect(try remove.predict(before).after.lines("ipv4.routes") == old)
        #expect(Self.order(remove.apply(before)[0]).last == "D 10.9.0.0/16 via 192.0.2.1 dev eth0")
        #expect(remove.undo(before).map { $0.argv[6] } == ["only", "only", "only", "only"])
    }

    @Test(
        "of one key the order counts, and what stands among the snapshot's was added",
        arguments: [
            (["a", "b"], ["b"], ["a", "b"]), (["a"], ["a", "b"], ["a", "b"]), (["a"], ["b", "a"], ["b", "a"]),
            (["a", "b"], ["b", "a"], ["a", "b"]), (["a"], ["b"], ["a"]), (["a", "b"], [], ["a", "b"]),
            ([], ["a", "b"], ["a", "b"]), (["a", "b"], ["a", "c", "b"], ["a", "c", "b"]),
        ])
    func order(old: [String], now: [String], goal: [String]) {
        func lines(_ names: [String]) -> [RoutesLine] {
            names.map { RoutesLine("10.1.0.0/16 via 192.0.2.\($0 == "a" ? 1 : $0 == "b" ? 2 : 3) dev eth0", .route) }
        }
        let merge = RoutesMerge(snapshot: lines(old), now: lines(now), keepsAdded: true)
        #expect(merge.after == lines(goal))
        #expect(merge.placed == (goal == now ? [] : lines(goal)))
        #expect(RoutesMerge(snapshot: lines(old), now: lines(now), keepsAdded: false).after == lines(old))
    }

    @Test("rules with the same number and for other packets are added ones, those for the same packets changed ones")
    func rules() {
        func lines(_ texts: [String]) -> [RoutesLine] { texts.map { RoutesLine($0, .rule) } }
        let old = ["500:\tfrom 192.0.2.1 lookup 100", "9000:\tfrom all lookup 7"]
        let now = ["500:\tfrom 192.0.2.1 lookup 200", "500:\tfrom 192.0.2.2 lookup 100", "800:\tfrom all nop"]
        let merge = RoutesMerge(snapshot: lines(old), now: lines(now), keepsAdded: true)
        #expect(
            merge.after.map(\.text) == [
                "500: from 192.0.2.1 lookup 100", "500: from 192.0.2.2 lookup 100", "800: from all nop",
                "9000: from all lookup 7",
            ])
        #expect(merge.removed.map(\.text) == ["500: from 192.0.2.1 lookup 200"])
        #expect(merge.keptSince.map(\.text) == ["500: from 192.0.2.2 lookup 100", "800: from all nop"])
    }

    @Test("nothing to restore is nothing sent")
    func already() throws {
        let routes = ["10.1.0.0/16 via 192.0.2.1 dev eth0"]
        let before = try Self.before(Self.kept(routes), Self.shown(routes))
        #expect(try Self.restore().apply(before).isEmpty && Self.restore().predict(before).after == before)
    }

    @Test(
        "a route that cannot be put back, or has another's in its place, is refused with what to do",
        arguments: [
            (["10.1.0.0/16 via 192.0.2.1 dev eth9"], [], [], "eth9 is not there or is down"),
            (
                ["10.1.0.0/16 via 192.0.2.1 dev eth0"], ["10.1.0.0/16 via 192.0.2.2 dev eth0 proto bird"], [],
                "is in the place of a route"
            ),
            (
                ["10.1.0.0/16 via 192.0.2.1 dev eth0"], ["10.1.0.0/16 encap mpls 100 via 192.0.2.2 dev eth0"], [],
                "is in the place of a route"
            ),
            ([], [], ["2001:db8::/48 dev eth0 metric 1024 pref medium"], "no IPv6 now"),
        ])
    func refusals(v4: [String], now: [String], v6: [String], says: String) throws {
        var shown = Self.shown(now)
        if !v6.isEmpty { shown = shown.replacing("[ipv6 routes]\n[ipv6 rules]\n", with: "") }
        let before = try Self.before(Self.kept(v4, v6: v6), shown)
        let error = #expect(throws: ObservationError.self) { try Self.restore().predict(before) }
        #expect(error?.message.contains(says) == true && error?.remedy.isEmpty == false)
    }

    @Test("another's route is no hindrance where nothing changes")
    func besides() throws {
        let ours = "10.1.0.0/16 via 192.0.2.1 dev eth0"
        let before = try Self.before(
            Self.kept([ours]), Self.shown([ours, "10.1.0.0/16 via 192.0.2.2 dev eth0 proto bird"]))
        #expect(try Self.restore().predict(before).after == before)
    }

    @Test(
        "a snapshot that no snapshot wrote is refused",
        arguments: [
            "", "# routes and rules kept by belay, format 1\n", "[ipv4 routes]\n", kept([]) + "x\n",
            kept(["10.1.0.0/16 via 192.0.2.1 dev eth0 proto bird"]), kept(["10.1.0.0/16 dev \"eth0\""]),
            kept(["10.1.0.0/16 dev eth0;reboot"]), kept(["-batch /etc/passwd"]), kept(["10.1.0.0/16 dev -h"]),
            kept(["local 127.0.0.1 dev lo table local"]), "\u{0}",
        ])
    func hostileSnapshot(text: String) throws {
        #expect(throws: ObservationError.self) { try Self.before(text, Self.shown([])) }
    }

    @Test("no snapshot, half an answer and other programs' answers are refused")
    func unreadable() throws {
        let action = try Self.restore()
        let shown = Fixture.output(Self.shown([]))
        for outputs in [
            [shown, Fixture.output("", status: 3)], [shown],
            [Fixture.output("BusyBox"), Fixture.output(Self.kept([]))],
            [Fixture.output("", status: 1), Fixture.output(Self.kept([]))],
            [
                CommandOutput(status: 0, output: Payload("[ipv4 routes]"), truncated: true),
                Fixture.output(Self.kept([])),
            ],
        ] {
            #expect(throws: ObservationError.self) { try action.parse(outputs) }
        }
    }

    @Test("what a node calls a route never becomes more than words of one route", arguments: hostileValues)
    func hostile(value: String) throws {
        let lines = ["10.1.0.0/16 via \(value) dev eth0", "10.2.0.0/16 dev \(value)", "\(value) dev eth0"]
        guard let before = try? Self.before(Self.kept([]), Self.shown(lines)) else { return }
        for line in before.lines("ipv4.routes") ?? [] {
            #expect(line.split(separator: " ").allSatisfy(RoutesGrammar.isPlain) && !line.contains("touch"))
        }
    }

    @Test("names and words that are not known are refused, and restoring always can cut the path")
    func arguments() throws {
        for name in hostileValues {
            #expect(throws: ArgumentError.self) { try RoutesRestore(arguments: Arguments(["snapshot": .text(name)])) }
            #expect(throws: ArgumentError.self) { try RoutesSnapshot(arguments: Arguments(["name": .text(name)])) }
        }
        #expect(throws: ArgumentError.self) { try Self.restore("all") }
        let action = try Self.restore()
        #expect(action.cutsPath && !action.survivesReboot && action.reversibility == .reversible)
    }
}
