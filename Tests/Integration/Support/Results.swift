import Foundation

/// What a check leaves beside what it prints: a line of JSON for each thing it found, in a file of the commit's own. From them
/// a check that was ended goes on, and `Tests/Deep/reliability` makes its page.
enum Results {
    /// A line of one kind.
    protocol Line: Codable, Sendable {
        static var what: String { get }
    }

    private struct Whole<L: Line>: Codable {
        var what: String
        var commit: String
        var date: String
        var line: L

        private enum Keys: String, CodingKey { case what, commit, date }

        init(_ line: L) {
            (what, self.line) = (L.what, line)
            commit = Testbed.environment["BELAY_DEEP_COMMIT"] ?? "unknown"
            date = ISO8601DateFormatter().string(from: Date())
        }

        // One flat object: jq and people read it so.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(what, forKey: .what)
            try container.encode(commit, forKey: .commit)
            try container.encode(date, forKey: .date)
            try line.encode(to: encoder)
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            what = try container.decode(String.self, forKey: .what)
            commit = try container.decode(String.self, forKey: .commit)
            date = try container.decode(String.self, forKey: .date)
            line = try L(from: decoder)
        }
    }

    private struct Kind: Decodable { var what: String }

    private static var file: String? { Testbed.environment["BELAY_DEEP_RESULTS"] }

    /// Adds a line where a check asked for that; whole or not at all, whoever else writes.
    static func append(_ line: some Line) throws {
        guard let file else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = try encoder.encode(Whole(line)) + Data("\n".utf8)
        let descriptor = open(file, O_WRONLY | O_APPEND | O_CREAT, 0o644)
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard written == bytes.count else { throw CocoaError(.fileWriteUnknown) }
    }

    /// The lines of one kind that are there. What a killed check left half written is none.
    static func lines<L: Line>(of type: L.Type) throws -> [L] {
        guard let file, let data = FileManager.default.contents(atPath: file) else { return [] }
        let decoder = JSONDecoder()
        return data.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard (try? decoder.decode(Kind.self, from: line))?.what == L.what else { return nil }
            return try? decoder.decode(Whole<L>.self, from: line).line
        }
    }
}
