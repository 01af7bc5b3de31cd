/// `sysctl.set`: one kernel parameter's value of now, as `sysctl -w` sets it.
///
/// A reboot brings back what `/etc/sysctl.d` says; to keep a value, replace a file there with `file.replace`. Forwarding is
/// set by the kernel for every link along with the parameter, so links that differed are observed and set back.
public struct SysctlSet: Action {
    /// `sysctl.set`.
    public static let kind = ActionKind(
        name: "sysctl.set",
        summary: "Sets a kernel parameter until the next reboot; undo sets the value that was there.",
        disrupts: ["network", "node"],
        touches: ["kernel"],
        parameters: [
            ArgumentKind("key", "the parameter: net.ipv4.ip_forward, vm.max_map_count", required: true),
            ArgumentKind("value", "its value; several numbers with blanks between", required: true),
        ])

    private let key: SysctlKey
    private let value: String

    /// Reads `key` and `value`.
    public init(arguments: Arguments) throws(ArgumentError) {
        key = try SysctlKey(arguments.required("key"))
        let text = try arguments.required("value")
        guard text.utf8.count <= 256, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 }) else {
            throw ArgumentError("value", "must be one line of at most 256 plain characters")
        }
        value = Self.normalised(text)
        guard value.contains(where: { $0 != " " && $0 != "\t" }) else {
            throw ArgumentError("value", "must be given and not empty")
        }
    }

    /// The value of before comes back, and what the kernel changed along with it.
    public var reversibility: Reversibility { .reversible }
    /// The network's parameters disrupt the network; those that can starve a node, the node.
    public var disrupts: Set<String> { key.disrupts }
    /// True for most of the network's, and for those without which no process can start.
    public var cutsPath: Bool { key.cutsPath }
    /// A boot sets what `/etc/sysctl.d` says.
    public var survivesReboot: Bool { false }

    /// The parameter, whatever value a step sets.
    public var subject: String { "sysctl \(key.path)" }

    /// The parameter's file and those of the links that it is set for.
    public func observe() -> [Command] {
        [.shell(SysctlScripts.observe, [SysctlScripts.root, key.path, key.links ?? ""])]
    }

    /// Fields: `value` (footprint) and, of forwarding, `links`: those whose own value differs from it (state).
    /// - Throws: when there is no such parameter now, or one that cannot be read and written.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        let shown = try outputs[0].properties(of: "reading \(key.name)")
        try refuseWhatCannotBeSet(shown)
        let values = try outputs[0].text(of: "reading \(key.name)").lines.filter { $0.hasPrefix("value=") }
        guard values.count == 1, let value = values.first?.dropFirst(6), value.utf8.count <= 1024,
            value.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 })
        else {
            throw ObservationError(
                "\(key.name) is not one line of plain text", remedy: "Only parameters of one line are set; see 'sysctl'"
            )
        }
        var observation = Observation(["value": .text(Self.normalised(String(value)))])
        if key.links != nil { observation["links"] = .lines(try links(outputs[0], beside: String(value))) }
        return observation
    }

    /// Nobody but a person or a tool changes a value, and links come and go.
    public func role(of field: String) -> FieldRole { field == "links" ? .state : .footprint }

    /// The value as asked for, exactly; a kernel that takes another one fails the step.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        let old = before.text("value") ?? ""
        if old == value { return Prediction(after: before, notes: ["\(key.name) is \(value) already"]) }
        let isSameShape = !Self.isNumbers(old) || (Self.isNumbers(value) && Self.count(old) == Self.count(value))
        guard isSameShape || key.isListOfRanges else {
            let numbers = Self.count(old) == 1 ? "one number" : "\(Self.count(old)) numbers"
            throw ObservationError(
                "\(key.name) is '\(old)' now and cannot become '\(value)'",
                remedy: "Give \(numbers), as the kernel has it")
        }
        var after = before
        after["value"] = .text(value)
        if before["links"] != nil { after["links"] = .lines([]) }
        return Prediction(after: after, notes: notes(before))
    }

    /// One write, which fails when the kernel then has another value; nothing when it is so already.
    public func apply(_ before: Observation) -> [Command] {
        before.text("value") == value ? [] : [.shell(SysctlScripts.write, [SysctlScripts.root, key.path, value])]
    }

    /// The value of before, then that of the links that differed from it.
    public func undo(_ before: Observation) -> [Command] {
        let links = (before.lines("links") ?? []).flatMap { $0.split(separator: " ").map(String.init) }
        return [.shell(SysctlScripts.write, [SysctlScripts.root, key.path, before.text("value") ?? ""] + links)]
    }

    /// The value, by its words.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        .shell(
            LeftScripts.sysctl,
            [SysctlScripts.root, key.path, left.text("value") ?? "", before.text("value") ?? ""])
    }

    /// Numbers with single blanks between, since the kernel takes any and prints tabs; any other text as it is.
    static func normalised(_ text: String) -> String {
        let words = text.split { $0 == " " || $0 == "\t" }
        let joined = words.joined(separator: " ")
        return isNumbers(joined) ? joined : text
    }

    private static func isNumbers(_ text: String) -> Bool {
        !text.isEmpty
            && text.split(separator: " ", omittingEmptySubsequences: false).allSatisfy { word in
                let digits = word.hasPrefix("-") ? word.dropFirst() : word
                return !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
            }
    }

    private static func count(_ text: String) -> Int { text.split(separator: " ").count }

    private func refuseWhatCannotBeSet(_ shown: [String: String]) throws(ObservationError) {
        switch shown["state"] {
        case "writable": return
        case "missing":
            let load = key.module.map { "The module \($0) brings it: load that first (kernel.modules.load)" }
            throw ObservationError(
                "there is no parameter \(key.name) on this node",
                remedy: load ?? "Check the name with 'sysctl -a'; another kernel may have it")
        case "folder":
            throw ObservationError("\(key.name) is a group of parameters", remedy: "Name one of them; see 'sysctl -a'")
        case "unreadable":
            throw ObservationError(
                "\(key.name) cannot be read, so undo would not know what to set", remedy: "Write it by hand if you must"
            )
        case "read-only":
            throw ObservationError(
                "\(key.name) cannot be written on this node", remedy: "See its mode and how /proc/sys is mounted")
        default:
            throw ObservationError("what \(key.name) is could not be told", remedy: "See 'ls -l /proc/sys' on the node")
        }
    }

    /// `net/ipv4/conf/eth0/forwarding 1` for each that the kernel would not have set so along with the parameter.
    private func links(_ output: CommandOutput, beside value: String) throws(ObservationError) -> [String] {
        return try output.text(of: "reading \(key.name)").lines.compactMap { line in
            let words = line.split(separator: " ")
            guard line.hasPrefix("link="), words.count == 2 else { return nil }
            let goal = !words[0].hasSuffix("/accept_redirects") ? value : value == "0" ? "1" : "0"
            return words[1] == goal ? nil : String(line.dropFirst(5))
        }.sorted()
    }

    private func notes(_ before: Observation) -> [String] {
        var notes = ["a reboot sets what /etc/sysctl.d says: replace a file there to keep the value"]
        if let links = before.lines("links") {
            notes.append("the kernel sets forwarding of every link along with it")
            notes += links.prefix(20).map { "differs now and will be set too: \($0)" }
        }
        if key.links == "net/ipv6/conf", value != "0" {
            notes.append("a link that forwards takes no router advertisement any more, unless its accept_ra is 2")
        }
        return notes
    }
}

/// The fixed shell texts of `sysctl.set`.
enum SysctlScripts {
    /// Where the kernel shows its parameters.
    static let root = "/proc/sys"

    /// Prints what `$1/$2` is as `KEY=VALUE` lines, and the links' parameters in `$1/$3` unless that is empty.
    static let observe: StaticString = #"""
        file=$1/$2
        if [ -d "$file" ]; then echo state=folder; exit; fi
        if [ ! -e "$file" ]; then echo state=missing; exit; fi
        # By its mode, since root may read and write what has none; and by trying, since /proc/sys may be mounted read-only.
        mode=$(ls -ld -- "$file") || exit
        case $mode in -r*) ;; *) echo state=unreadable; exit ;; esac
        case $mode in -?w*) ;; *) echo state=read-only; exit ;; esac
        if [ ! -w "$file" ]; then echo state=read-only; exit; fi
        value=$(cat -- "$file") || exit
        echo state=writable
        printf '%s\n' "$value" | sed 's/^/value=/'
        [ -n "$3" ] || exit 0
        redirects=
        [ "$3" != net/ipv4/conf ] || redirects=$3/all/accept_redirects
        # Links of pods go meanwhile. By one grep, since there may be hundreds.
        (cd "$1" && grep -s '' /dev/null "$3"/*/forwarding $redirects) |
            sed '/\/conf\/all\/forwarding:/d; s/^\([^:]*\):/link=\1 /'
        """#

    /// Writes `$3` to `$1/$2`, then each value behind it to the file before it, when that is still there.
    ///
    /// The kernel may take a value and make another of it: then this fails.
    static let write: StaticString = #"""
        set -f
        root=$1
        put() {
            printf '%s\n' "$2" >"$root/$1" || return
            # Not by read: dash reads byte by byte, and the kernel gives a number only to the first read.
            now=$(cat -- "$root/$1") || return
            [ "$(printf '%s ' $now)" = "$(printf '%s ' $2)" ] || {
                echo "the kernel made '$now' of '$2'" >&2
                return 1
            }
        }
        put "$2" "$3" || exit
        shift 3
        while [ $# -ge 2 ]; do
            [ ! -e "$root/$1" ] || put "$1" "$2" || exit
            shift 2
        done
        """#
}
