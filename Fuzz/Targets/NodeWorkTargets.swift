import Core

private let restart = [
    action("process.restart", ["name": .text("chisel")]),
    action("process.restart", ["name": .text("chisel"), "match": .text("client")]),
]

func process(_ bytes: [UInt8]) {
    for action in restart {
        let answer = outputs(bytes, 1)
        hold(action, to: answer)
        guard let before = try? action.parse(answer), before.text("running") == "yes" else { continue }
        expect(
            before.text("pid").flatMap { UInt32($0) }.map { $0 > 1 } == true, "the node's first process is not meant")
        expect(
            before.fields.keys.allSatisfy { !["argv", "cmdline", "environ"].contains($0) },
            "what it was told is no fact")
    }
}

private let cleanings: [any Action] = {
    let archive: [String: ArgumentValue] = ["archive": .text("/mnt/a")]
    return [
        action("logs.rotate"), action("logs.rotate", archive), action("logs.vacuum", ["size": .text("500M")]),
        action("disk.reclaim", ["what": .text("packages coredumps tmp")]),
        action("disk.reclaim", archive.merging(["what": .text("tmp")]) { $1 }),
    ]
}()

/// The first byte says what is cleaned. The list of files, and of those that are open though deleted, in parts.
func oldFiles(_ bytes: [UInt8]) {
    let action = cleanings[Int(bytes.first ?? 0) % cleanings.count]
    let answers = outputs(Array(bytes.dropFirst()), action.observe().count)
    hold(action, to: answers)
    guard let before = try? action.parse(answers) else { return }
    for command in action.apply(before) + action.undo(before) {
        for line in (command.input?.bytes ?? []).split(separator: 0x0A) { expectOld(line) }
    }
    for taking in action.apply(before) {
        var shorter = taking
        let lines = (taking.input?.bytes ?? []).split(separator: 0x0A)
        shorter.input = Payload(bytes: Array(lines.dropLast().map { $0 + [0x0A] }.joined()))
        expect(action.permits([shorter], planned: [taking]), "the list may shrink")
        expect(!action.permits([taking], planned: [shorter]), "the list may not grow")
    }
}

/// `BYTES MTIME MODE UID:GID PATH`, the path one of those that are cleaned.
private func expectOld(_ line: ArraySlice<UInt8>) {
    let words = line.split(separator: 0x20, maxSplits: 4, omittingEmptySubsequences: false)
    let path = String(decoding: words.last ?? [], as: UTF8.self)
    let isBelow = [
        "/var/log/", "/run/log/", "/var/cache/", "/var/lib/systemd/coredump/", "/var/crash/", "/tmp/", "/var/tmp/",
    ]
    .contains { path.utf8.starts(with: $0.utf8) }
    let parts = (words.last ?? []).split(separator: 0x2F, omittingEmptySubsequences: false).dropFirst()
    expect(
        words.count == 5 && isBelow && parts.allSatisfy { !$0.isEmpty && $0 != [0x2E] && $0 != [0x2E, 0x2E] },
        "what is taken away lies where it was looked for: \(path)")
}
