import Foundation
import Testing

/// What the SSH layer has to show, by the numbers of its design. A test says which of them it shows: `.acceptance(…)`.
enum AcceptanceCheck: Int, CaseIterable, Sendable {
    /// A status comes from the end mark with the run's nonce, or else from exit-signal; silence, a timeout of the server, or its
    /// death is never status 0.
    case statusIsNeverSilence = 1
    /// Closing the connection stops no command, so each has a time limit that holds on the node.
    case everyCommandIsLimited
    /// A frozen peer is found by an inactivity timer: keep-alives do not report it.
    case frozenPeerIsFound
    /// Both streams are drained always; what is kept is bounded, with digest and true length.
    case bothStreamsAreDrained
    /// A channel's window is 64–256 KB, and scripts go by standard input, whatever their size.
    case boundedWindowAndScriptsByInput
    /// Cancelled wherever it may wait, a conversation ends at once and leaves nothing behind.
    case cancelledAnywhere
    /// A black hole, a reset, half a banner, a slow loris: each ends at its deadline, and the error names the phase.
    case brokenPeersEndInTime
    /// What sshd says in place of its banner is shown; no bare probes, no blind tries of many keys.
    case refusalsBeforeTheBanner
    /// Re-keying each megabyte survives 60 MB; SIGPIPE is ignored; the 11th channel waits its turn.
    case rekeyingPipesAndSessions
    /// The key that is on record is asked for; a changed or revoked one is refused, with the fingerprints.
    case hostKeys
    /// Many slow hosts at once end within fixed memory. Thousands are the benchmark's.
    case manyHostsInFixedMemory
    /// One script, one exec: start-up files of the node's shell run once.
    case oneExecPerScript
}

/// Names the acceptance checks that a test is evidence for.
struct AcceptanceTrait: TestTrait, SuiteTrait {
    let checks: [AcceptanceCheck]
    var comments: [Comment] { checks.map { "acceptance check \($0.rawValue), \($0)" } }
}

extension Trait where Self == AcceptanceTrait {
    static func acceptance(_ checks: AcceptanceCheck...) -> Self { AcceptanceTrait(checks: checks) }
}

@Suite("The acceptance checks")
struct AcceptanceCheckTests {
    @Test("each has a test that names it", arguments: AcceptanceCheck.allCases)
    func isTested(_ check: AcceptanceCheck) throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let files = try #require(
            FileManager.default.enumerator(at: tests.resolvingSymlinksInPath(), includingPropertiesForKeys: nil))
        let named = try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.contains { file in
            try String(contentsOf: file, encoding: .utf8).split(separator: "\n").contains { line in
                line.contains(".acceptance(") && line.contains(".\(check)")
            }
        }
        #expect(named, "no test carries .acceptance(.\(check)), number \(check.rawValue)")
    }
}
