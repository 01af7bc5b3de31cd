/// What triage answered while an incident was open, as the log keeps it: little enough for one entry, whatever was found.
public struct TriageRecord: Codable, Sendable, Hashable {
    /// The incident.
    public var incident: String
    /// When the nodes and the API were asked.
    public var observedAt: Timestamp
    /// The nodes that were named; none where the whole cluster was asked about.
    public var nodes: [String]
    /// How far it reaches.
    public var scope: TriageReport.Scope
    /// The layer that fails first; nil when nothing was found.
    public var layer: Runbook.Layer?
    /// What is behind it, first what to look at first.
    public var findings: [Finding]
    /// Findings that are not here, for want of room.
    public var moreFindings: Int
    /// Nodes that could not be looked at.
    public var unseen: [String]
    /// How many rules could not be told.
    public var unchecked: Int

    /// Something that is behind trouble.
    public struct Finding: Codable, Sendable, Hashable {
        /// The rule's name.
        public var rule: String
        /// What it says.
        public var title: String
        /// True when it is a symptom of which no cause is known.
        public var isUnexplained: Bool
        /// The layer that fails.
        public var layer: Runbook.Layer
        /// What it is true of, each with the lines that show it.
        public var places: [Place]
        /// Places that are not here.
        public var morePlaces: Int
        /// What follows from it.
        public var consequences: [String]
        /// The runbooks that were offered.
        public var runbooks: [String]
    }

    /// Where something is true.
    public struct Place: Codable, Sendable, Hashable {
        /// Such as `node kube-2`.
        public var subject: String
        /// The lines that show it.
        public var evidence: [String]
        /// Lines that are not here.
        public var moreLines: Int
    }
}

extension TriageRecord {
    /// How many findings, places of each, lines of each, and names are kept, and of how many bytes all lines together are.
    static let most = (findings: 16, places: 4, lines: 6, names: 24, evidenceBytes: 10_000)
    // As JSON; an entry holds 52,000 of an event.
    private static let mostBytes = 48_000

    /// - Parameters:
    ///   - nodes: those that were named.
    ///   - offered: of each finding the runbooks that the project has.
    ///   - unseen: nodes that could not be looked at.
    public init(
        _ report: TriageReport, incident: String, nodes: [String], offered: [[String]], unseen: [String]
    ) {
        var room = Self.most.evidenceBytes
        self.incident = incident
        observedAt = report.observedAt
        self.nodes = Self.names(nodes)
        scope = TriageReport.Scope(kind: report.scope.kind, names: Self.names(report.scope.names))
        layer = report.layer
        findings = zip(report.findings, offered).prefix(Self.most.findings).map { Finding($0, offered: $1, &room) }
        moreFindings = 0
        self.unseen = Self.names(unseen)
        unchecked = report.unchecked.count
        // The last ones say least.
        while !findings.isEmpty, (try? JSON.encode(self))?.count ?? 0 > Self.mostBytes { findings.removeLast() }
        moreFindings = report.findings.count - findings.count
    }

    private static func names(_ names: [String]) -> [String] {
        let kept = names.prefix(most.names).map { $0.cut(to: 100) }
        return names.count > kept.count ? kept + ["… and \(names.count - kept.count) more"] : kept
    }
}

extension TriageRecord.Finding {
    fileprivate init(_ finding: TriageReport.Finding, offered: [String], _ room: inout Int) {
        rule = finding.rule.cut(to: 100)
        title = finding.title.cut(to: 200)
        isUnexplained = finding.isUnexplained
        layer = finding.layer
        places = []
        for place in finding.places.prefix(TriageRecord.most.places) {
            places.append(TriageRecord.Place(place, &room))
        }
        morePlaces = finding.places.count - places.count
        consequences = finding.consequences.prefix(8).map { $0.title.cut(to: 200) }
        runbooks = Array(offered.prefix(8)).map { $0.cut(to: 100) }
    }
}

extension TriageRecord.Place {
    fileprivate init(_ place: TriageReport.Place, _ room: inout Int) {
        subject = place.subject.cut(to: 400)
        evidence = []
        for line in place.evidence.prefix(TriageRecord.most.lines) {
            let cut = line.cut(to: 300)
            guard cut.utf8.count <= room else { break }
            room -= cut.utf8.count
            evidence.append(cut)
        }
        moreLines = place.evidence.count - evidence.count
    }
}

extension String {
    /// Printable, and of so many bytes at most, the sign that it was cut not counted.
    fileprivate func cut(to limit: Int) -> String {
        let whole = Printable.escape(self, limit: limit)
        guard whole.utf8.count > limit else { return whole }
        var room = limit
        let kept = whole.unicodeScalars.prefix { scalar in
            room -= UTF8.width(scalar)
            return room >= 0
        }
        return String(String.UnicodeScalarView(kept)) + "…"
    }
}
