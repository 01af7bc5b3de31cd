/// What one run has left on a node: enough to recover it from a machine that has never heard of it.
///
/// The node wrote it and may have been anybody's since: it is judged, never executed. What a recovery sends is made anew from
/// the plan and the states before.
public struct RecordContents: Codable, Sendable, Hashable {
    /// Bytes of `plan.json` that are read.
    public static let planLimit = 8 << 20
    /// Bytes of a state before, or of an undo script, that are read.
    public static let fileLimit = 4 << 20
    /// Step folders that are read.
    public static let stepLimit = 200

    /// The dead-man's part.
    public struct DeadMan: Codable, Sendable, Hashable {
        /// Who has its token.
        public enum State: String, Codable, Sendable, Hashable {
            /// It was never armed.
            case none
            /// It will fire unless disarmed.
            case armed
            /// It was disarmed.
            case won
            /// The node took it and reverts, or has.
            case fired

            init?(word: String) {
                if word == "token" { self = .armed } else { self.init(rawValue: word) }
            }
        }

        /// Who has its token.
        public var state: State
        /// The boot it was armed in.
        public var boot: String?
        /// How reverting ended, 0 when every undo succeeded; nil while it has not.
        public var status: Int?
        /// The end of what reverting printed.
        public var output: Payload

        package init(state: State, boot: String?, status: Int?, output: Payload) {
            self.state = state
            self.boot = boot
            self.status = status
            self.output = output
        }
    }

    /// One step's folder.
    public struct Step: Codable, Sendable, Hashable {
        /// Its number in the plan.
        public var index: Int
        /// Which attempt to undo it, nil for its apply.
        public var undoAttempt: Int?
        /// The boot it was started in; nil when it never began.
        public var boot: String?
        /// Whether the dead-man undoes it.
        public var cutsPath: Bool
        /// The index of the command begun last.
        public var at: Int?
        /// How it ended; nil when it has not, or its result is lost.
        public var status: Int?
        /// The observation its undo was made from, as JSON.
        public var before: Payload?
        /// Its undo as a shell script, to be shown to people.
        public var undoScript: Payload?
        /// The end of what it printed.
        public var output: Payload

        package init(
            index: Int, undoAttempt: Int?, boot: String?, cutsPath: Bool, at: Int?, status: Int?, before: Payload?,
            undoScript: Payload?, output: Payload
        ) {
            self.index = index
            self.undoAttempt = undoAttempt
            self.boot = boot
            self.cutsPath = cutsPath
            self.at = at
            self.status = status
            self.before = before
            self.undoScript = undoScript
            self.output = output
        }
    }

    /// The machine that was read.
    public var machine: RecordMachine
    /// The run that was asked for.
    public var run: String
    /// The node it is about, nil for the machine itself.
    public var target: String?
    /// Whether there is a record of the run at all.
    public var exists = false
    /// Whether a part of it lies in memory, where a reboot takes it.
    public var isInMemory = false
    /// Set when a recovery found no record and made one: what had run before is not known.
    public var isRemade = false
    /// The last epoch granted there.
    public var epoch = 0
    /// The lease that counts there, this run's or another's.
    public var lease: RecordLease?
    /// The digest of the whole plan.
    public var planSha256: String?
    /// The plan reduced to this node, as JSON.
    public var plan: Payload?
    /// The dead-man.
    public var deadMan = DeadMan(state: .none, boot: nil, status: nil, output: Payload(""))
    /// The steps that have a folder, in the plan's order, each apply before its undos.
    public var steps: [Step] = []

    /// Of a run that has left nothing, until more is said.
    package init(machine: RecordMachine, run: String, target: String?) {
        self.machine = machine
        self.run = run
        self.target = target
    }

    /// Reads what ``RecordScript/read(run:target:nonce:)`` printed.
    /// - Throws: ``ObservationError`` when it is not whole, a file is longer than is read, or no script of ours prints that.
    public init(parsing printed: [UInt8], nonce: String) throws(ObservationError) {
        let frames = try RecordFrames(printed, nonce: nonce).frames
        let head = try RecordFrames.head(of: frames, words: 5)
        machine = try RecordMachine(head[..<3])
        run = head[3]
        target = head[4].isEmpty ? nil : head[4]
        var files = RecordFiles()
        for frame in frames.dropFirst() {
            switch frame.kind {
            case "base": try add(base: RecordFrames.texts(frame, 3))
            case "run":
                exists = true
                if try RecordFrames.texts(frame, 1) == ["memory"] { isInMemory = true }
            case "file": try files.add(frame)
            default: throw RecordFrames.malformed("a line '\(RecordFrames.name(frame.kind))'")
            }
        }
        try read(files)
    }

    private mutating func add(base words: [String]) throws(ObservationError) {
        epoch = max(epoch, Int(words[1]) ?? 0)
        guard let found = try RecordLease(words[2]) else { return }
        if lease.map({ $0.epoch < found.epoch }) ?? true { lease = found }
        epoch = max(epoch, found.epoch)
    }

    private mutating func read(_ files: RecordFiles) throws(ObservationError) {
        planSha256 = try files.line("plan")
        plan = try files.whole("plan.json", limit: Self.planLimit)
        isRemade = files["remade"] != nil
        let states: [DeadMan.State] = [.fired, .won].filter { files["deadman.\($0.rawValue)"] != nil }
        deadMan = DeadMan(
            state: states.first ?? (files["deadman.token"] == nil ? .none : .armed),
            boot: try files.line("deadman.boot"),
            status: try files.numbers("deadman.result")?.first, output: files["deadman.out"]?.content ?? Payload(""))
        guard files.steps.count <= Self.stepLimit else {
            throw RecordFrames.malformed("it has more than \(Self.stepLimit) step folders")
        }
        steps = try files.steps.map { (name) throws(ObservationError) in try Self.step(name, files) }
        steps.sort { ($0.index, $0.undoAttempt ?? 0) < ($1.index, $1.undoAttempt ?? 0) }
    }

    private static func step(_ name: String, _ files: RecordFiles) throws(ObservationError) -> Step {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, (2...4).contains(parts[0].utf8.count), let index = Int(parts[0]), index >= 0,
            parts[1] == "apply" || parts[1].hasPrefix("undo")
        else { throw RecordFrames.malformed("'\(RecordFrames.name(name))' is no step of ours") }
        let attempt = parts[1] == "apply" ? nil : Int(parts[1].dropFirst("undo".count))
        guard parts[1] == "apply" || attempt.map({ $0 > 0 }) == true else {
            throw RecordFrames.malformed("'\(RecordFrames.name(name))' is no step of ours")
        }
        let folder = "steps/\(name)"
        return Step(
            index: index, undoAttempt: attempt, boot: try files.line("\(folder)/started"),
            cutsPath: files["\(folder)/cuts"] != nil, at: try files.numbers("\(folder)/at")?.first,
            status: try files.numbers("\(folder)/result")?.first,
            before: try files.whole("\(folder)/before.json", limit: fileLimit),
            undoScript: try files.whole("\(folder)/undo.sh", limit: fileLimit),
            output: files["\(folder)/out"]?.content ?? Payload(""))
    }
}

/// The files of a record by path, what lies in memory before what lies on disk.
private struct RecordFiles {
    struct File {
        var size: Int
        var content: Payload
    }

    private var places: [String: [String: File]] = [:]

    subscript(path: String) -> File? { places["memory"]?[path] ?? places["disk"]?[path] }

    /// The names of the step folders.
    var steps: [String] {
        let paths = places.values.flatMap(\.keys).map { $0.split(separator: "/") }
        return Set(paths.filter { $0.count == 3 && $0[0] == "steps" }.map { String($0[1]) }).sorted()
    }

    mutating func add(_ frame: RecordFrames.Frame) throws(ObservationError) {
        guard frame.words.count == 4, frame.words[0] == "memory" || frame.words[0] == "disk",
            let name = Base64.decode(frame.words[1]).flatMap({ Payload(bytes: $0).text }),
            let size = Int(frame.words[2]), size >= 0, let content = Base64.decode(frame.words[3])
        else { throw RecordFrames.malformed("a line 'file' that does not hold one") }
        let place = String(frame.words[0])
        guard places[place]?[name] == nil else {
            throw RecordFrames.malformed("'\(RecordFrames.name(name))' came twice")
        }
        places[place, default: [:]][name] = File(size: size, content: Payload(bytes: content))
    }

    /// A file as it is, nil when there is none.
    func whole(_ path: String, limit: Int) throws(ObservationError) -> Payload? {
        guard let file = self[path] else { return nil }
        guard file.size == file.content.bytes.count else {
            throw RecordFrames.malformed(
                "\(path) has \(file.size) bytes, of which \(file.content.bytes.count) came (\(limit) at most)")
        }
        return file.content
    }

    /// The text of a file of one line.
    func line(_ path: String) throws(ObservationError) -> String? {
        guard let file = self[path] else { return nil }
        guard let text = file.content.text?.trimmingLine, !text.isEmpty,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw RecordFrames.malformed("\(path) does not hold one word") }
        return text
    }

    /// The numbers that a file begins with.
    func numbers(_ path: String) throws(ObservationError) -> [Int]? {
        guard let file = self[path] else { return nil }
        let words = (file.content.text ?? "?").split(whereSeparator: \.isWhitespace).map { Int($0) }
        // Caught while it was being written.
        guard let first = words.first else { return nil }
        guard let number = first else {
            throw RecordFrames.malformed("\(path) does not begin with a number")
        }
        return [number] + words.dropFirst().prefix { $0 != nil }.compactMap(\.self)
    }
}
