/// Reads what ``FileScripts/observe`` prints of a file.
enum FileState {
    /// Fields: `type`, `directory`, `mode`, `owner`, `content`, and `xattrs` or `xattrsUnread`.
    static func parse(_ output: CommandOutput, path: String) throws(ObservationError) -> Observation {
        let properties = try output.properties(of: "reading \(path)")
        guard let type = properties["type"], let directory = properties["directory"] else {
            throw ObservationError("what \(path) is could not be told", remedy: "See 'ls -ld' of it on the node")
        }
        var observation = Observation(["type": .text(type), "directory": .text(directory)])
        if type == "symlink" { observation["target"] = .text(properties["target"] ?? "") }
        observation[properties["xattrs"] == "unread" ? "xattrsUnread" : "xattrs"] = .lines([])
        observation["content"] = .absent
        guard type == "regular" else { return observation }
        try readRegular(properties, path, into: &observation)
        if observation["xattrs"] != nil { observation["xattrs"] = .lines(attributes(try output.text(of: path))) }
        return observation
    }

    /// Refuses what a rename would turn into something else, naming what to do.
    static func refuseWhatCannotBeReplaced(_ before: Observation, path: String) throws(ObservationError) {
        switch before.text("type") {
        case "regular", "absent": break
        case "symlink":
            throw ObservationError(
                "\(path) is a symlink to \(before.text("target") ?? "something")",
                remedy: "Name the file it leads to, so that the plan shows what is changed")
        case let type:
            throw ObservationError(
                "\(path) is a \(type ?? "thing of unknown type"), not a file", remedy: "Name a regular file")
        }
        guard before.text("directory") == "real" else {
            let isMissing = before.text("directory") == "missing"
            throw ObservationError(
                isMissing ? "the directory of \(path) does not exist" : "the way to \(path) leads over a symlink",
                remedy: isMissing ? "Create it first, or correct the path" : "Give the path that 'readlink -f' prints")
        }
        guard before.text("links") ?? "1" == "1" else {
            throw ObservationError(
                "\(path) has \(before.text("links") ?? "several") names (hard links), which a replacement would part",
                remedy: "Find the others with 'find -samefile' and decide which are meant")
        }
    }

    private static func readRegular(
        _ properties: [String: String], _ path: String, into observation: inout Observation
    ) throws(ObservationError) {
        guard properties["content"] != "toolarge" else {
            throw ObservationError(
                "\(path) is larger than \(FileChange.sizeLimit / 1024) KiB (\(properties["size"] ?? "?") bytes)",
                remedy: "Files of that size are not kept in plans; replace it by hand")
        }
        guard let mode = properties["mode"], let owner = properties["owner"],
            let bytes = properties["content"].flatMap({ Base64.decode($0) }), properties["size"] == "\(bytes.count)"
        else {
            throw ObservationError(
                "\(path) could not be read whole; it may be changing right now",
                remedy: "Plan again; if it stays, look at the file on the node")
        }
        observation["mode"] = .text(mode)
        observation["owner"] = .text(owner)
        observation["links"] = properties["links"].map { .text($0) }
        observation["content"] = .content(Payload(bytes: bytes))
    }

    // `xattr NAME=0xVALUE` lines; names as getfattr encodes them.
    private static func attributes(_ text: String) -> [String] {
        text.lines.filter { $0.hasPrefix("xattr ") }.map { String($0.dropFirst(6)) }.sorted()
    }
}
