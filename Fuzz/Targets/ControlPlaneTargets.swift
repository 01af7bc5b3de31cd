import Core

private let drains: [any Action] = {
    let host: [String: ArgumentValue] = ["node": .text("w1"), "kubeconfig": .text("/k"), "run": .text("r-1")]
    return [
        action("node.drain", host), action("node.drain", host.merging(["emptyDir": .text("delete")]) { $1 }),
    ]
}()

/// The node's cordon, its pods, all budgets, and what the API says of evictions, in parts.
func drain(_ bytes: [UInt8]) {
    for action in drains {
        let answers = outputs(bytes, action.observe().count)
        hold(action, to: answers)
        guard let before = try? action.parse(answers) else { continue }
        let commands = action.apply(before)
        guard let prediction = try? action.predict(before) else { continue }
        expect((before.lines("blocks") ?? []).isEmpty, "what stands in the way for good is refused")
        expect(
            commands.isEmpty || !action.undo(before).isEmpty, "no cordon is left behind without a word")
        guard let evict = commands.last, before.lines("pods")?.isEmpty == false else { continue }
        expect(prediction.after.lines("pods") == [], "a node that is drained has none of them")
        let keys = Set((before.lines("pods") ?? []).compactMap { $0.split(separator: " ").first.map(String.init) })
        expect(Set(evict.argv.suffix(keys.count)) == keys, "whose pods are evicted is the list")
        expect(keys.allSatisfy { $0.contains("/") }, "a controller has a namespace")
        let fewer = Command(evict.argv.dropLast(), input: evict.input, accepts: evict.accepts)
        expect(action.permits(commands.dropLast() + [fewer], planned: commands), "the list may shrink")
        expect(!action.permits(commands, planned: commands.dropLast() + [fewer]), "the list may not grow")
    }
}

private let members = [
    action("etcd.snapshot", ["name": .text("a")]), action("etcd.defrag"),
    action("etcd.defrag", ["compact": .flag(true)]),
    action("etcd.alarm.disarm"),
]

func etcd(_ bytes: [UInt8]) {
    let answer = outputs(bytes, 1)
    for action in members {
        hold(action, to: answer)
        guard let before = try? action.parse(answer) else { continue }
        for field in ["dbSize", "dbInUse", "room", "quota"] {
            guard let text = before.text(field) else { continue }
            expect(Int(text).map { $0 >= 0 } == true, "\(field) is a number of bytes")
        }
        let (all, ill) = (before.lines("members") ?? [], before.lines("unhealthy") ?? [])
        expect(Set(ill).isSubset(of: all), "who is ill is a member")
    }
    for defrag in members[1...2] {
        guard let before = try? defrag.parse(answer), (try? defrag.predict(before)) != nil else { continue }
        expect(defrag.apply(before).isEmpty || before.lines("unhealthy") == [], "no member goes while another is ill")
    }
}

private let renewals = [action("certs.renew"), action("certs.renew", ["certificate": .text("etcd-server")])]

func certificates(_ bytes: [UInt8]) {
    let answer = outputs(bytes, 1)
    for action in renewals {
        hold(action, to: answer)
        guard let before = try? action.parse(answer), let prediction = try? action.predict(before) else { continue }
        expect(before.lines("platforms") == [], "what a platform owns is left to it")
        for (field, value) in prediction.after.fields where value != before[field] && field.hasPrefix("file.") {
            expect(
                value == .text("a new one") && before.text(field)?.hasPrefix("regular ") == true,
                "what is renewed is a file")
        }
    }
}

/// A flag, `--flag=value` to set it and `--flag` to take it out, and a manifest, in parts.
func manifest(_ bytes: [UInt8]) {
    let pieces = parts(bytes, 2)
    let flag = String(decoding: pieces[0], as: UTF8.self)
    let arguments = Arguments([
        "path": .text("/etc/kubernetes/manifests/a.yaml"), flag.contains("=") ? "set" : "unset": .text(flag),
    ])
    guard let edit = try? ActionRegistry.make("manifest.edit", arguments: arguments) else { return }
    func holding(_ content: Payload) -> Observation {
        Observation([
            "type": .text("regular"), "directory": .text("real"), "mode": .text("600"), "owner": .text("root:root"),
            "links": .text("1"), "xattrs": .lines([]), "content": .content(content),
        ])
    }
    let before = holding(Payload(bytes: pieces[1]))
    hold(edit, from: before)
    guard let after = try? edit.predict(before).after.content("content") else { return }
    func lines(_ content: [UInt8]) -> Int { content.split(separator: 0x0A, omittingEmptySubsequences: false).count }
    expect(abs(lines(after.bytes) - lines(pieces[1])) <= 1, "one line comes, goes or is another one")
    expect(edit.apply(holding(after)).isEmpty, "a flag that is set is not set again")
}

private let day = Timestamp(milliseconds: 1_795_000_000_000)

/// An id, a title, and the ids that a log has, in parts.
func incident(_ bytes: [UInt8]) {
    let pieces = parts(bytes, 3).map { String(decoding: $0, as: UTF8.self) }
    if let start = try? IncidentStart(id: pieces[0], title: pieces[1]) {
        expectSame(start)
        let isPlain = start.id.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"/\\'\"`$*?;&|<>".utf8.contains($0) }
        expect(isPlain && !start.id.hasPrefix("-"), "an id means nothing to a shell: \(start.id)")
    }
    if let note = try? IncidentNote(incident: pieces[0], text: pieces[1]) { expectSame(note) }
    let taken = pieces[2].split(separator: "\n").map(String.init)
    let free = IncidentWords.freeID(at: day, taken: taken)
    expect(!taken.contains(free) && (try? IncidentStart(id: free, title: "t")) != nil, "an id that is free is one")
}
