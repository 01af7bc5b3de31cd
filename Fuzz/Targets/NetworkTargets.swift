import Core

/// What a node has, and the rules of a snapshot, in parts.
func iptablesMerge(_ bytes: [UInt8]) {
    let rulesets = parts(bytes, 2).map { part in
        try? IptablesRuleset(parsing: String(decoding: part, as: UTF8.self), of: "rules")
    }
    guard let now = rulesets[0], let snapshot = rulesets[1], isWhole(now), isWhole(snapshot) else { return }
    for keepsAdded in [true, false] {
        let merge = IptablesMerge(snapshot: snapshot, now: now, keepsAdded: keepsAdded)
        expectReadAgain(merge.after)
        expect(
            IptablesMerge(snapshot: now, now: now, keepsAdded: keepsAdded).isDone,
            "nothing is to be done where all is as it was")
        let (before, after) = (count(now), count(merge.after))
        guard keepsAdded else {
            let known = before.merging(count(snapshot)) { $0 + $1 }
            expect(after.keys.allSatisfy { known[$0] != nil }, "no rule comes from nowhere")
            continue
        }
        expect(before.allSatisfy { after[$0.key, default: 0] >= $0.value }, "what is there now stays in force")
    }
}

/// As iptables-save prints a ruleset, always: each table and chain once, and the chain of each rule.
private func isWhole(_ ruleset: IptablesRuleset) -> Bool {
    Set(ruleset.tables.map(\.name)).count == ruleset.tables.count
        && ruleset.tables.allSatisfy { table in
            let names = Set(table.chains.map(\.name))
            return names.count == table.chains.count && table.rules.allSatisfy { names.contains($0.chain) }
        }
}

private func count(_ ruleset: IptablesRuleset) -> [String: Int] {
    var counts: [String: Int] = [:]
    for table in ruleset.tables {
        for rule in table.rules { counts["-t \(table.name) \(rule.line)", default: 0] += 1 }
    }
    return counts
}

private func expectReadAgain(_ ruleset: IptablesRuleset) {
    let lines = ruleset.tables.flatMap { table in
        ["*\(table.name)"] + table.chains.map { ":\($0.name) \($0.policy ?? "-") [0:0]" } + table.rules.map(\.line)
            + ["COMMIT"]
    }
    let read = try? IptablesRuleset(parsing: lines.map { $0 + "\n" }.joined(), of: "the merge")
    expect(read?.ruleLines == ruleset.ruleLines, "what a merge makes are rules")
}

private let snapshot = action("routes.snapshot", ["name": .text("a")])
private let restores = ["keep", "remove"].map { added in
    action("routes.restore", ["snapshot": .text("a"), "added": .text(added)])
}
private let routeFields = ["ipv4", "ipv6"].flatMap { ["\($0).routes", "\($0).rules"] }

/// What `ip` shows now, what it showed when a snapshot was taken, and the file of another one, in parts.
func routes(_ bytes: [UInt8]) {
    let all = outputs(bytes, 3)
    for action in [snapshot] + restores { hold(action, to: [all[0], all[2]]) }
    let none = CommandOutput(status: 3, output: Payload(""))
    guard let then = try? snapshot.parse([all[1], none]), let taken = try? snapshot.predict(then).after,
        let content = taken.content("snapshot.routes")
    else { return }
    let file = CommandOutput(status: 0, output: content)
    for restore in restores {
        hold(restore, to: [all[0], file])
        guard let same = try? restore.parse([all[1], file]) else {
            return expect(false, "what was written can be read")
        }
        expect(restore.apply(same).isEmpty, "nothing is to be done where all is as it was")
    }
    guard let now = try? snapshot.parse([all[0], none]) else { return }
    for (restore, keepsAdded) in zip(restores, [true, false]) {
        guard let before = try? restore.parse([all[0], file]), let after = try? restore.predict(before).after else {
            continue
        }
        for field in routeFields { expectMerged(field, then, now, after, keepsAdded: keepsAdded) }
        for line in restore.apply(before).flatMap({ ($0.input?.text ?? "").split(separator: "\n") }) {
            expect(isOrder(line), "what ip is given are plain words: \(line)")
        }
    }
}

private func expectMerged(
    _ field: String, _ then: Observation, _ now: Observation, _ after: Observation, keepsAdded: Bool
) {
    let (was, has, merged) = (then.lines(field) ?? [], now.lines(field) ?? [], after.lines(field) ?? [])
    expect(Set(was).isSubset(of: merged), "what the snapshot has comes back")
    if keepsAdded {
        expect(Set(merged).isSubset(of: was + has), "no route comes from nowhere")
        expect(!was.isEmpty || merged.sorted() == has.sorted(), "what was added since stays")
    } else {
        expect(merged.sorted() == was.sorted(), "what was added since goes")
    }
}

/// `A` or `D`, and words that `ip -batch` takes for no option, no comment and no quote.
private func isOrder(_ line: Substring) -> Bool {
    guard line.hasPrefix("A ") || line.hasPrefix("D ") else { return false }
    return line.dropFirst(2).split(separator: " ", omittingEmptySubsequences: false).allSatisfy { word in
        !word.isEmpty && !word.hasPrefix("-") && word.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            && !word.contains { #""'#\"#.contains($0) }
    }
}

private let modules = action("kernel.modules.load", ["modules": .list([.text("br_netfilter"), .text("overlay")])])

/// A parameter's name and its new value, and what a node says of it; the last is read as its modules, too. In parts.
func kernel(_ bytes: [UInt8]) {
    let pieces = parts(bytes, 3)
    let answer = outputs(pieces[2], 1)
    hold(modules, to: answer)
    if let before = try? modules.parse(answer) {
        for command in modules.apply(before) {
            expect(["br_netfilter", "overlay"].contains(command.argv.last), "what was asked for is loaded")
        }
    }
    let words = pieces[..<2].map { String(decoding: $0, as: UTF8.self) }
    let arguments = Arguments(["key": .text(words[0]), "value": .text(words[1])])
    guard let set = try? ActionRegistry.make("sysctl.set", arguments: arguments) else { return }
    let path = set.subject.dropFirst("sysctl ".count).split(separator: "/", omittingEmptySubsequences: false)
    expect(
        path.count >= 2 && path.allSatisfy { !["", ".", ".."].contains($0) && !$0.hasPrefix("-") },
        "a parameter is a file below /proc/sys: \(set.subject)")
    hold(set, to: answer)
}
