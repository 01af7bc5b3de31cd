/// What the two route actions observe alike: routes of all tables and rules, both families, of those that are left to us.
enum RoutesState {
    /// One family's routes or rules.
    struct Part: Sendable, Hashable {
        let family: IptablesFamily
        let object: RoutesGrammar.Object

        static let all = IptablesFamily.allCases.flatMap { family in
            RoutesGrammar.Object.allCases.map { Part(family: family, object: $0) }
        }

        /// The field with the lines that are compared: `ipv4.routes`.
        var field: String { "\(family.rawValue).\(object)s" }
        /// The field with lines that are left alone though they are no daemon's: not understood, or in ours' place.
        var leftField: String { "\(family.rawValue).\(object)sLeft" }
        /// What begins its lines in a snapshot.
        var heading: String { "[\(family.rawValue) \(object)s]" }
        /// `4` or `6`, as `ip` wants it.
        var digit: String { family == .ipv4 ? "4" : "6" }
    }

    /// Prints every part under its heading, and which links are up. What the kernel keeps for itself is left out.
    static let command = Command.shell(
        #"""
        case $(ip -V 2>&1) in
            *iproute2*) ;;
            *) echo 'ip is not that of iproute2' >&2; exit 1 ;;
        esac
        for family in 4 6; do
            [ "$family" = 4 ] || [ -e /proc/net/if_inet6 ] || continue
            routes=$(ip "-$family" route show table all) && rules=$(ip "-$family" rule show) || exit
            printf '[ipv%s routes]\n%s\n[ipv%s rules]\n%s\n' "$family" "$routes" "$family" "$rules" |
                awk '/^[^ \t]/ { skip = / proto kernel / } !skip'
        done
        links=$(ip -o link show up) || exit
        printf '[up]\n%s\n' "$links" | sed 's/^[0-9]*: \([^ @]*\)[@:].*/\1/; s/:$//'
        """#)

    private static let heading = "# routes and rules kept by belay, format 1"

    /// The fields of ``command``'s output.
    /// - Parameter wanted: a snapshot's lines, whose places are asked for too.
    static func parse(
        _ output: CommandOutput, wanted: [Part: [RoutesLine]] = [:]
    ) throws(ObservationError) -> Observation {
        let sections = try sections(output.text(of: "ip route show"))
        var observation = Observation()
        for part in Part.all {
            let all = RoutesLine.read(sections[part.heading] ?? [], part.object)
            let ours = all.filter(\.isOurs)
            let places = Set((ours + (wanted[part] ?? [])).map(\.key))
            observation[part.field] = .lines(sorted(ours).map(\.text))
            observation[part.leftField] = .lines(
                all.filter { !$0.isOurs && (places.contains($0.key) || isStrange($0)) }.map(\.text))
        }
        observation["ipv6"] = .text(sections[Part.all[2].heading] == nil ? "no" : "yes")
        let named = Set(wanted.values.flatMap { $0.flatMap(\.devices) })
        let up = (sections["[up]"] ?? []).map(String.init).filter(named.contains)
        observation["linksUp"] = .lines(Set(up).sorted())
        return observation
    }

    /// How the shared fields take part in comparisons.
    static func role(of field: String) -> FieldRole {
        switch field {
        case "linksUp": .volatile("links go up and down by themselves")
        case _ where field.hasSuffix("Left"): .volatile("what the kernel, daemons and the network plugin keep")
        default: .footprint
        }
    }

    /// The observed lines of a part.
    static func lines(_ part: Part, in observation: Observation) -> [RoutesLine] {
        (observation.lines(part.field) ?? []).map { RoutesLine($0, part.object) }
    }

    /// The content of a snapshot of what was observed.
    static func snapshot(of observation: Observation) -> Payload {
        let parts = Part.all.map { ([$0.heading] + (observation.lines($0.field) ?? [])).joined(separator: "\n") }
        return Payload(([heading] + parts).joined(separator: "\n") + "\n")
    }

    /// The lines of a snapshot.
    /// - Throws: ``ObservationError`` for a file that no snapshot wrote.
    static func read(snapshot: Payload, of path: String) throws(ObservationError) -> [Part: [RoutesLine]] {
        guard let text = snapshot.text, text.hasPrefix(heading + "\n") else { throw notOurs(path) }
        let sections = try sections(text)
        var read: [Part: [RoutesLine]] = [:]
        for part in Part.all {
            guard let lines = sections[part.heading] else { throw notOurs(path) }
            read[part] = lines.map { RoutesLine($0, part.object) }
            guard read[part]?.allSatisfy(\.isOurs) == true else { throw notOurs(path) }
        }
        return read
    }

    private static func notOurs(_ path: String) -> ObservationError {
        ObservationError(
            "\(path) is not what routes.snapshot writes", remedy: "Take another snapshot; nothing in it is guessed")
    }

    // By destination, since the order of tables is that in which they were made; of one key in the kernel's order.
    private static func sorted(_ lines: [RoutesLine]) -> [RoutesLine] {
        guard lines.first?.object == .route else { return lines }
        return lines.enumerated().map { (key: $1.key, offset: $0, line: $1) }
            .sorted { ($0.key, $0.offset) < ($1.key, $1.offset) }.map(\.line)
    }

    // Of no daemon, and yet not understood: worth a word to the reader.
    private static func isStrange(_ line: RoutesLine) -> Bool {
        let words = line.text.split(separator: " ")
        let isOfKernel = ["broadcast", "multicast", "anycast"].contains(words.first ?? "")
        return !line.isUnderstood && !isOfKernel && !words.contains("proto") && !words.contains("expires")
            && !line.text.contains(" table local")
    }

    private static func sections(_ text: String) throws(ObservationError) -> [String: [Substring]] {
        let known = Set(Part.all.map(\.heading) + ["[up]"])
        var sections: [String: [Substring]] = [:]
        var open: String?
        // At the bytes that ip printed: to Swift a carriage return and a newline are one character.
        for bytes in text.utf8.split(separator: 0x0A) {
            let line = text[bytes.startIndex..<bytes.endIndex]
            if known.contains(String(line)), sections[String(line)] == nil {
                open = String(line)
                sections[String(line)] = []
            } else if let open {
                sections[open]?.append(line)
            } else if !line.hasPrefix("#") {
                throw ObservationError(
                    "what ip printed is not understood: \(String(line.prefix(120)).debugDescription)",
                    remedy: "Run 'ip route show table all' on the node; routes are never guessed")
            }
        }
        return sections
    }
}
