/// Reads what ``OldFilesScripts/list`` prints, and says what it means.
extension OldFiles {
    /// Fields: `file.PATH` with size, time, mode and owner of each (state), `archive` (footprint), and counts.
    func parse(_ output: CommandOutput) throws(ObservationError) -> Observation {
        let (readable, unreadable) = Self.readable(output)
        let text = try readable.text(of: "listing old files")
        let properties = try readable.properties(of: "listing old files")
        guard properties["failed"] == nil, properties["end"] == "1", properties["open"] == "read",
            let held = Self.count(properties["held"]), let odd = Self.count(properties["odd"]),
            let left = Self.count(properties["left"]), let heldBytes = Self.count(properties["heldBytes"])
        else { throw Self.untold(properties) }
        var observation = Observation()
        var (bytes, double) = (0, 0)
        for line in text.lines where line.hasPrefix("file ") {
            let (path, value, size) = try Self.file(line.dropFirst(5))
            // To Swift two spellings of one accent are the same name; to the node they are two files.
            if observation[Self.prefix + path] != nil { double += 1; continue }
            observation[Self.prefix + path] = .text(value)
            guard bytes <= 1 << 60 else { throw Self.untold([:]) }
            bytes += size
        }
        observation["count"] = .text("\(observation.fields.count)")
        observation["bytes"] = .text("\(bytes)")
        observation["held"] = .text("\(held)")
        observation["heldBytes"] = .text("\(heldBytes)")
        observation["odd"] = .text("\(odd + unreadable + double)")
        observation["left"] = .text("\(left)")
        if archive != nil { try readArchive(text, properties, into: &observation) }
        return observation
    }

    // One name that is not text must not keep all other files from being seen.
    private static func readable(_ output: CommandOutput) -> (CommandOutput, unreadable: Int) {
        let lines = output.output.bytes.split(separator: UInt8(ascii: "\n"))
        let good = lines.filter { String(validating: $0, as: UTF8.self) != nil && !$0.contains(0) }
        var readable = output
        readable.output = Payload(bytes: Array(good.joined(separator: [UInt8(ascii: "\n")])))
        return (readable, lines.count - good.count)
    }

    // No filesystem holds as much; and what a node says is added up.
    private static func count(_ text: String?) -> Int? {
        text.flatMap { Int($0) }.flatMap { (0...1 << 60).contains($0) ? $0 : nil }
    }

    private static func untold(_ properties: [String: String]) -> ObservationError {
        if let kind = properties["failed"] {
            return ObservationError(
                "the files of '\(Printable.escape(kind, limit: 40))' could not be listed whole",
                remedy: "It needs GNU find; run 'find' over the folders on the node to see what fails")
        }
        if let open = properties["open"], open != "read" {
            return ObservationError(
                "which files processes hold open could not be told",
                remedy: "Look for processes that hang ('ps -eo pid,stat,comm'), then plan again")
        }
        return ObservationError("the list of files is not complete", remedy: "Plan again")
    }

    /// Reads `BYTES MTIME MODE UID:GID PATH`, all of it as the scripts print it.
    private static func file(_ line: Substring) throws(ObservationError) -> (path: String, value: String, size: Int) {
        let parts = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, let size = count(parts[0]), parts[1].wholeMatch(of: time) != nil,
            (1...4).contains(parts[2].utf8.count), UInt16(parts[2], radix: 8) != nil,
            parts[3].wholeMatch(of: owner) != nil, isInRoots(parts[4])
        else {
            throw ObservationError(
                "the list of files has a line that cannot be read: \(Printable.escape(String(line), limit: 200))",
                remedy: "Nothing is done by half a list; look at the file on the node")
        }
        return (parts[4], parts[..<4].joined(separator: " "), size)
    }

    // Every part is a name, so that what is judged is what is removed.
    private static func isInRoots(_ path: String) -> Bool {
        (try? FilePath(path)) != nil && roots.contains { path.utf8.starts(with: ($0 + "/").utf8) }
    }

    private static nonisolated(unsafe) let time =
        /-?[0-9]{1,10}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{1,10}Z/
    private static nonisolated(unsafe) let owner = /[0-9]{1,10}:[0-9]{1,10}/

    private func readArchive(
        _ text: String, _ properties: [String: String], into observation: inout Observation
    ) throws(ObservationError) {
        guard let state = properties["archive"] else {
            throw ObservationError("what the archive is could not be told", remedy: "Plan again")
        }
        observation["archive"] = .text(state)
        observation["archiveKind"] = .text(properties["archiveKind"] ?? "")
        observation["archiveFree"] = .text(properties["archiveFree"] ?? "")
        let devices = text.lines.filter { $0.hasPrefix("device=") }.map { String($0.dropFirst(7)) }
        let isSame = properties["archiveDevice"].map(devices.contains) ?? true
        observation["archiveDisk"] = .text(isSame ? "the same" : "another")
    }

    /// What is there is compared after undo; it may change before the step, as files come and go.
    static func role(of field: String) -> FieldRole {
        if field == "archive" { return .footprint }
        return field.hasPrefix(prefix) ? .state : .volatile("files come and go")
    }

    /// A file that appeared since is not ours to judge.
    static func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        before == now || (field.hasPrefix(prefix) && before == nil)
    }

    /// All listed files gone, unless somebody takes one up before.
    func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try refuseArchive(before)
        var after = before
        var qualities: [String: Quality] = [:]
        for field in before.fields.keys where field.hasPrefix(Self.prefix) {
            after[field] = nil
            qualities[field] = .bounded("stays if it is written to or opened by then")
        }
        for field in ["count", "bytes"] where !qualities.isEmpty {
            after[field] = .text("0")
            qualities[field] = .bounded("more may have grown old by then; the list may only shrink")
        }
        return Prediction(after: after, qualities: qualities, notes: notes(before))
    }

    private func refuseArchive(_ before: Observation) throws(ObservationError) {
        guard let archive else { return }
        func refuse(_ why: String, _ remedy: String) -> ObservationError {
            ObservationError("\(archive.text) cannot be the archive: \(why)", remedy: remedy)
        }
        switch before.text("archive") {
        case "folder": break
        case "missing": throw refuse("there is no such folder", "Mount or make it first, or name another")
        case "symlink": throw refuse("the way to it leads over a symlink", "Give the path that 'readlink -f' prints")
        case "writable": throw refuse("others than root own it or can write to it", "chown root, chmod go-w")
        default: throw refuse("what it is could not be told", "See 'ls -ld' of it on the node")
        }
        guard before.text("count") != "0" else { return }
        if ["tmpfs", "ramfs"].contains(before.text("archiveKind")) {
            throw refuse("it is in memory, and a reboot would take it", "Name a folder on a disk or on the network")
        }
        guard before.text("archiveDisk") == "another" else {
            throw refuse("it is on the filesystem that is to be freed", "Name a folder on another one")
        }
        let bytes = Int(before.text("bytes") ?? "") ?? .max
        guard let free = Int(before.text("archiveFree") ?? ""), free > bytes else {
            throw refuse("there is no room for \(bytes) bytes", "Name one with more room, or list fewer files")
        }
    }

    private func notes(_ before: Observation) -> [String] {
        func number(_ field: String) -> Int { Int(before.text(field) ?? "") ?? 0 }
        func mebibytes(_ field: String) -> String { "\(number(field) / 1_048_576) MiB" }
        var notes = [
            number("count") == 0
                ? "nothing to take away: no file is old enough and unused"
                : "\(number("count")) files, \(mebibytes("bytes"))"
        ]
        if number("count") > 0 {
            notes.append(
                archive.map {
                    "moved below \($0.text), where they stay until somebody removes them; undo brings them back"
                }
                    ?? "removed for good: nothing brings them back; 'archive' would keep them on another filesystem")
        }
        if number("held") > 0 {
            notes.append("\(number("held")) kept (\(mebibytes("heldBytes"))): a process has them open")
        }
        if number("odd") > 0 {
            notes.append("\(number("odd")) kept: their names are too long or hold control characters")
        }
        if number("left") > 0 {
            notes.append("\(number("left")) more are left: the oldest 2000 at most are taken at once")
        }
        return notes
    }
}
