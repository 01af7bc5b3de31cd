@testable import Core
import Testing

/// What `logs.vacuum`, `logs.rotate` and `disk.reclaim` make of lists; that the scripts do it, `OldFilesLawTests` say.
@Suite("logs.vacuum, logs.rotate and disk.reclaim")
struct OldFilesTests {
    static func vacuum(_ more: [String: String] = ["size": "500M"]) throws -> LogsVacuum {
        try LogsVacuum(arguments: Arguments(more.mapValues { .text($0) }))
    }

    static func rotate(_ more: [String: String] = [:]) throws -> LogsRotate {
        try LogsRotate(arguments: Arguments(more.mapValues { .text($0) }))
    }

    static let archived = ["archive": "/mnt/logs"]
    static let one = "10 2026-01-02T03:04:05.1234567890Z 640 0:4 /var/log/syslog.1"
    static let two = "2000000 2026-01-03T03:04:05.0000000000Z 4755 7:8 /var/log/a b/$(x).gz"
    static let counts = "held=0\nheldBytes=0\nodd=0\nleft=0\nopen=read\nend=1\n"
    static let folder = "archive=folder\narchiveDevice=9\narchiveKind=ext2/ext3\narchiveFree=3000000\n"

    static func printed(_ files: [String], archive: String = "", counts: String = counts) -> CommandOutput {
        Fixture.output(archive + "device=1\n" + files.map { "file \($0)\n" }.joined() + counts)
    }

    @Test("every listed file is a field that goes, and exactly those are named to the script")
    func list() throws {
        let action = try Self.rotate()
        let before = try action.parse([Self.printed([Self.one, Self.two])])
        #expect(before.text("file./var/log/syslog.1") == "10 2026-01-02T03:04:05.1234567890Z 640 0:4")
        #expect(before.text("count") == "2" && before.text("bytes") == "2000010")
        let prediction = try action.predict(before)
        #expect(!prediction.after.fields.keys.contains { $0.hasPrefix("file.") })
        #expect(prediction.quality(of: "file./var/log/syslog.1") != .exact)
        #expect(prediction.notes.contains { $0.hasPrefix("removed for good") })
        let apply = action.apply(before)
        #expect(apply.map(\.input?.text) == ["\(Self.one)\n\(Self.two)\n"])
        #expect(apply.map { Array($0.argv.dropFirst(4)) } == [["", "closed"]])
        #expect(action.undo(before).isEmpty && action.reversibility == .irreversible && action.freesDisk)
    }

    @Test("with an archive it is undone from there, by the state before alone")
    func archive() throws {
        let action = try Self.rotate(Self.archived)
        let before = try action.parse([Self.printed([Self.one], archive: Self.folder)])
        let prediction = try action.predict(before)
        #expect(prediction.notes.contains { $0.contains("moved below /mnt/logs") })
        #expect(action.reversibility == .reversible)
        let undo = action.undo(before)
        #expect(undo.map { Array($0.argv.dropFirst(4)) } == [["/mnt/logs"]])
        #expect(undo.map(\.input) == action.apply(before).map(\.input))
    }

    @Test("nothing old is nothing done, whatever the archive is on")
    func nothing() throws {
        let action = try Self.rotate(Self.archived)
        let before = try action.parse([
            Self.printed([], archive: Self.folder.replacing("archiveKind=ext2/ext3", with: "archiveKind=tmpfs"))
        ])
        #expect(action.apply(before).isEmpty && action.undo(before).isEmpty)
        #expect(try action.predict(before).after == before)
    }

    @Test(
        "an archive that would not keep the files is refused",
        arguments: [
            ("archive=folder", "archive=missing"), ("archive=folder", "archive=symlink"),
            ("archive=folder", "archive=writable"), ("archiveDevice=9", "archiveDevice=1"),
            ("archiveKind=ext2/ext3", "archiveKind=tmpfs"), ("archiveFree=3000000", "archiveFree=10"),
            ("archiveFree=3000000\n", ""), ("archiveDevice=9\n", ""),
        ])
    func badArchive(old: String, new: String) throws {
        let action = try Self.rotate(Self.archived)
        #expect(Self.folder.contains(old))
        let before = try action.parse([Self.printed([Self.one], archive: Self.folder.replacing(old, with: new))])
        #expect(throws: ObservationError.self) { try action.predict(before) }
    }

    @Test(
        "a line that is not as the script prints it stops everything",
        arguments: [
            "10 2026-01-02T03:04:05.1Z 640 0:4 /etc/passwd",
            "10 2026-01-02T03:04:05.1Z 640 0:4 /var/log/../../etc/x.gz",
            "10 2026-01-02T03:04:05.1Z 640 0:4 /var/logs/x.gz", "-1 2026-01-02T03:04:05.1Z 640 0:4 /var/log/x.gz",
            "10 yesterday 640 0:4 /var/log/x.gz", "10 2026-01-02T03:04:05.1Z 648 0:4 /var/log/x.gz",
            "10 2026-01-02T03:04:05.1Z 640 root:4 /var/log/x.gz",
            "10 2026-01-02T03:04:05.1Z 640 0:4 /var/log/a\u{1b}[2J.gz",
            "10 2026-01-02T03:04:05.1Z 640 0:4 /var/log", "10 2026-01-02T03:04:05.1Z 640 0:4 ", "",
        ])
    func hostileLine(line: String) throws {
        #expect(throws: ObservationError.self) { try Self.rotate().parse([Self.printed([Self.one, line])]) }
    }

    @Test(
        "half a list, and one without knowing what is open, is no list",
        arguments: ["end=1", "open=read", "held=0", "left=0", "odd=0"])
    func incomplete(missing: String) throws {
        let counts = Self.counts.replacing(missing + "\n", with: "")
        #expect(throws: ObservationError.self) {
            try Self.rotate().parse([Self.printed([Self.one], counts: counts)])
        }
        #expect(throws: ObservationError.self) {
            try Self.rotate().parse([Self.printed([Self.one], counts: "failed=logs\n" + Self.counts)])
        }
        var cut = Self.printed([Self.one])
        cut.truncated = true
        #expect(throws: ObservationError.self) { try Self.rotate().parse([cut]) }
    }

    @Test("numbers that no filesystem has are no list, and are not added up")
    func numbers() throws {
        let most = "\(Int.max)"
        let many = ["1", "2", "3"].map { "\(1 << 60) 2026-01-02T03:04:05.1Z 640 0:4 /var/log/x.\($0)" }
        #expect(throws: ObservationError.self) { try Self.rotate().parse([Self.printed(many)]) }
        for name in ["held", "heldBytes", "odd", "left"] {
            let counts = Self.counts.replacing("\(name)=0", with: "\(name)=\(most)")
            #expect(throws: ObservationError.self) {
                try Self.rotate().parse([Self.printed([Self.one], counts: counts)])
            }
        }
    }

    @Test("a name that is not text is counted and left, and keeps no other file from being seen")
    func notText() throws {
        var output = Self.printed([Self.one])
        output.output.bytes += Array("file \(Self.one)".utf8) + [0xFF, 0x0A]
        let before = try Self.rotate().parse([output])
        #expect(before.text("count") == "1" && before.text("odd") == "1")
    }

    @Test("the list may shrink, and not grow or change")
    func permits() throws {
        let action = try Self.rotate(Self.archived)
        func commands(_ files: [String], _ more: [String: String] = Self.archived) throws -> [Command] {
            let action = try Self.rotate(more)
            return action.apply(try action.parse([Self.printed(files, archive: Self.folder)]))
        }
        let planned = try commands([Self.one, Self.two])
        #expect(action.permits(planned, planned: planned))
        #expect(action.permits(try commands([Self.two]), planned: planned))
        #expect(action.permits([], planned: planned))
        #expect(!action.permits(planned, planned: try commands([Self.two])))
        #expect(!action.permits(try commands([Self.one.replacing("10 ", with: "11 ")]), planned: planned))
        #expect(!action.permits(try commands([Self.one], ["archive": "/mnt/other"]), planned: planned))
        #expect(!action.permits(try commands([Self.one], [:]), planned: planned))
        #expect(!action.permits(planned + planned, planned: planned))
    }

    @Test("a file that came since is not ours, one that is missing is")
    func equivalence() throws {
        let action = try Self.rotate()
        #expect(action.isEquivalent("file./var/log/x.1", before: nil, now: .text("1")))
        #expect(!action.isEquivalent("file./var/log/x.1", before: .text("1"), now: nil))
        #expect(!action.isEquivalent("file./var/log/x.1", before: .text("1"), now: .text("2")))
        #expect(action.role(of: "file./var/log/x.1") == .state && action.role(of: "archive") == .footprint)
        #expect(action.role(of: "count").isVolatile && action.role(of: "archiveFree").isVolatile)
    }

    @Test("journals are listed by size or age, and taken though somebody reads them")
    func journals() throws {
        #expect(try Self.vacuum().observe()[0].argv.dropFirst(4) == ["0", "", "524288000", "journal"])
        #expect(try Self.vacuum(["age": "7d"]).observe()[0].argv.dropFirst(4) == ["604800", "", "", "journal"])
        let line = "1 2026-01-02T03:04:05.1Z 640 0:4 /var/log/journal/a/system@0.journal"
        let action = try Self.vacuum()
        #expect(action.apply(try action.parse([Self.printed([line])]))[0].argv.dropFirst(4) == ["", "any"])
    }

    @Test(
        "arguments that cannot be meant are refused",
        arguments: [
            [:], ["size": "1M", "age": "1d"], ["size": "500" + "Q"], ["size": "-1"], ["size": "M"], ["size": "1e3"],
            ["age": "7"], ["age": "20000d"], ["size": "1M", "archive": "relative"],
            ["size": "1M", "archive": "/a/../b"],
            ["size": "1M", "archive": "/var/log/old"], ["size": "1M", "archive": "/tmp"],
            ["size": "1M", "archive": "/a\nb"],
        ] as [[String: String]])
    func badArguments(arguments: [String: String]) throws {
        #expect(throws: ArgumentError.self) { try Self.vacuum(arguments) }
    }

    @Test("an archive that a runbook's caller left empty is none")
    func emptyArchive() throws {
        #expect(try Self.rotate(["archive": ""]).reversibility == .irreversible)
    }

    @Test("what to reclaim is a list of known words, or one text of them")
    func what() throws {
        func words(_ value: ArgumentValue, age: String = "10d") throws -> [String] {
            let action = try DiskReclaim(arguments: Arguments(["what": value, "age": .text(age)]))
            return Array(action.observe()[0].argv.dropFirst(7))
        }
        #expect(try words(.text("tmp,packages")) == ["packages", "tmp"])
        #expect(try words(.list([.text("coredumps")])) == ["coredumps"])
        for wrong: ArgumentValue in [
            .text(""), .text("logs"), .text("tmp,tmp"), .list([]), .list([.list([])]), .flag(true), .text("tmp rm"),
        ] {
            #expect(throws: ArgumentError.self) { try words(wrong) }
        }
        #expect(throws: ArgumentError.self) { try words(.text("tmp"), age: "59m") }
        #expect(try words(.text("packages"), age: "1s") == ["packages"])
    }

    @Test("deleted files that are still open are said and not touched; what cannot be read of them is left out")
    func deleted() throws {
        let action = try DiskReclaim(arguments: Arguments(["what": .text("packages")]))
        let shown = Fixture.output("104857600 42 /var/log/\u{202E}x (deleted)\nnonsense\n")
        let before = try action.parse([Self.printed([]), shown])
        let notes = try action.predict(before).notes
        #expect(
            notes.contains { $0.hasPrefix("process 42 holds 100 MiB of a deleted file") && !$0.contains("\u{202E}") })
        #expect(notes.count == 2 && action.apply(before).isEmpty)
    }
}
