import Foundation
import Testing

/// `docs/security.md` cannot rot: each test that it names is there, and each row of it names one.
@Suite("the ledger of docs/security.md")
struct SecurityLedgerTests {
    private static let root = URL(fileURLWithPath: SignedProject.root)

    private let page: String

    init() throws {
        page = try String(contentsOf: Self.root.appending(path: "docs/security.md"), encoding: .utf8)
    }

    /// A suite's name, and those of its tests: the functions behind `@Test`.
    private static func suites() throws -> [String: Set<String>] {
        let folder = root.appending(path: "Tests")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.reduce(into: [:]) {
            for (suite, test) in tests(try String(contentsOf: $1, encoding: .utf8)) {
                $0[suite, default: []].insert(test)
            }
        }
    }

    private static func tests(_ source: String) -> [(suite: String, test: String)] {
        var (suite, isBehindTest) = ("", false)
        var found: [(String, String)] = []
        for line in source.split(separator: "\n") {
            if line.first == " " {
                isBehindTest = isBehindTest || line.drop { $0 == " " }.hasPrefix("@Test")
                guard isBehindTest, let function = line.firstMatch(of: /\bfunc (\w+)/) else { continue }
                found.append((suite, String(function.1)))
                isBehindTest = false
            } else if let type = line.firstMatch(of: /\b(?:struct|class|extension) (\w+)/) {
                suite = String(type.1)
            }
        }
        return found
    }

    /// Rows of the tables below a heading, without the head of each.
    private func rows(below heading: String) throws -> [Substring] {
        let start = try #require(page.range(of: "\n## \(heading)\n")).upperBound
        let end = page.range(of: "\n## ", range: start..<page.endIndex)?.lowerBound ?? page.endIndex
        let lines = page[start..<end].split(separator: "\n", omittingEmptySubsequences: false)
        return zip(lines, lines.dropFirst() + [""]).filter { line, next in
            line.hasPrefix("| ") && !next.hasPrefix("|---")
        }.map(\.0)
    }

    @Test("each test that the page names is there")
    func named() throws {
        let suites = try Self.suites()
        let names = page.matches(of: /`([A-Z]\w*Tests)(?:\.(\w+))?`/)
        #expect(names.count > 100)
        for name in names {
            let suite = suites[String(name.1)]
            #expect(suite != nil, "there is no suite \(name.1)")
            if let test = name.2 { #expect(suite?.contains(String(test)) == true, "\(name.1) has no test \(test)") }
        }
        for check in page.matches(of: /`\.\/check-deep (\w+)`/) {
            let script = Self.root.appending(path: "Tests/Deep/\(check.1).sh").path
            #expect(FileManager.default.fileExists(atPath: script), "\(script)")
        }
    }

    @Test("each row of the ledger names a test; each of who can do what names one, or says that nothing stops it")
    func everyRow() throws {
        let ledger = try rows(below: "What the field got wrong")
        #expect(ledger.count >= 25)
        for row in ledger { #expect(row.contains(/`[A-Z]\w*Tests\.\w+`/), "\(row)") }
        let people = try rows(below: "Who can do what")
        #expect(people.count >= 8)
        for row in people { #expect(row.contains(/`[A-Z]\w*Tests[.`]/) || row.contains("**nothing**"), "\(row)") }
    }

    @Test("no advisory stands twice, and there are many")
    func advisories() throws {
        let ids = try rows(below: "What the field got wrong").flatMap { row in
            row.split(separator: "|")[0].matches(of: /CVE-\d{4}-\d{4,}/).map { String($0.0) }
        }
        #expect(ids.count == Set(ids).count && ids.count >= 25)
    }
}
