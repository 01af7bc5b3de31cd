import Core
import Foundation
import FoundationXML
import Testing

@testable import Commands

/// `belay policy test`, without any node.
struct PolicyTestVerbTests {
    private let recorder = Recorder()

    private static let policy = """
        apiVersion: belay/v1
        kind: Policy
        metadata: {name: checked}
        spec:
          enforcement: hard
          validations:
          - {expression: "action.verify || action.rollback", message: nothing checks it, remedy: Add a check.}
        """

    private static func cases(_ cases: String, of policy: String = "checked") -> String {
        "apiVersion: belay/v1\nkind: PolicyTest\npolicy: \(policy)\ncases:\n\(cases)\n"
    }

    private static let neither = "set: {action.verify: false, action.rollback: false}"
    private static let both = "- {name: well, expect: pass}\n- {name: ill, \(neither), expect: deny}"

    private static func project(_ cases: String) throws -> Folder {
        let folder = try Folder()
        try folder.makeProject()
        _ = try folder.write(policy, to: "policies/checked.yaml")
        _ = try folder.write(Self.cases(cases), to: "policies/checked.test.yaml")
        return folder
    }

    @Test("cases that come as they say pass; what is without cases is named, and fails only with --coverage")
    func passes() async throws {
        let folder = try Self.project(Self.both)
        #expect(await recorder.belay("-C", folder.path, "policy", "test") == .done)
        #expect(
            recorder.output == """
                checked \(folder.path)/policies/checked.test.yaml
                  pass well
                  pass ill
                without cases:
                  all (\(folder.path)/policies/grant.yaml:3:11)
                ok: 2 cases passed

                """)
        #expect(await Recorder().belay("-C", folder.path, "policy", "test", "--coverage") == .usage)
        let cases = "- {name: a, expect: granted}\n- {name: b, set: {request.principal.groups: []}, expect: refused}"
        _ = try folder.write(Self.cases(cases, of: "all"), to: "policies/grant.test.yaml")
        #expect(await Recorder().belay("-C", folder.path, "policy", "test", "--coverage") == .done)
    }

    @Test("a failed case says what was expected, what came and what decided it, and exits with 2")
    func fails() async throws {
        let folder = try Self.project("- {name: ill, \(Self.neither), expect: pass}")
        #expect(await recorder.belay("-C", folder.path, "policy", "test") == .usage)
        let place = "\(folder.path)/policies/checked"
        #expect(
            recorder.output.contains(
                """
                  FAIL ill \(place).test.yaml:5:10
                    expected pass, came deny
                    said: nothing checks it
                    \(place).yaml:7
                      action.verify = false
                      action.rollback = false
                      action.verify || action.rollback = false

                """), "\(recorder.output)")
        #expect(
            recorder.output.contains("checked, validation 1: only false (\(place).yaml:7:18)"), "\(recorder.output)")
        #expect(recorder.output.hasSuffix("1 of 1 case failed\n"))
    }

    @Test("files can be named: they are run against the policies beside them, without a project")
    func named() async throws {
        let folder = try Folder()
        _ = try folder.write(Self.policy, to: "checked.yaml")
        let file = try folder.write(Self.cases(Self.both), to: "checked.test.yaml")
        #expect(await recorder.belay("policy", "test", file, "--coverage") == .done)
        #expect(recorder.output.hasSuffix("ok: 2 cases passed\n"))
        #expect(await recorder.belay("policy", "test", folder.path + "/checked.yaml") == .usage)
        #expect(recorder.complaints.contains("is no file of cases"))
    }

    @Test("faults of all files of cases are shown with their lines and carets, and nothing is run")
    func faults() async throws {
        let folder = try Self.project("- {name: a, set: {action.verfy: true}, expect: pass}")
        _ = try folder.write(Self.cases("- {name: a, expect: pas}"), to: "policies/other.test.yaml")
        #expect(await recorder.belay("-C", folder.path, "policy", "test") == .usage)
        #expect(recorder.output.isEmpty)
        #expect(recorder.complaints.contains("checked.test.yaml:5:19"), "\(recorder.complaints)")
        #expect(recorder.complaints.contains("^^^^^^^^^^^^") && recorder.complaints.contains("did you mean 'verify'?"))
        #expect(recorder.complaints.contains("other.test.yaml:5:21"))
    }

    @Test("-o json has every case with what came of it, and the gaps")
    func json() async throws {
        let folder = try Self.project("- {name: ill, \(Self.neither), expect: pass, says: \"a \\u0007 bell\"}")
        #expect(await recorder.belay("-C", folder.path, "policy", "test", "-o", "json") == .usage)
        struct Shown: Decodable {
            struct Case: Decodable {
                let policy, name, expected, found, says: String
                let passed: Bool
                let line: Int
                let messages: [String]
                let looks: [Look]
            }
            struct Look: Decodable {
                let place: String
                let trace: [Finding.Trace]
            }
            struct Gap: Decodable {
                let policy, part: String
                let seen: Bool?
            }
            struct Untested: Decodable { let policy: String }
            let passed: Bool
            let cases: [Case]
            let gaps: [Gap]
            let untested: [Untested]
        }
        let shown = try JSON.decode(Shown.self, from: Array(recorder.output.utf8))
        let test = try #require(shown.cases.first)
        #expect(!shown.passed && !test.passed && test.line == 5 && test.expected == "pass" && test.found == "deny")
        #expect(test.says == "a \u{7} bell" && test.messages == ["nothing checks it"])
        #expect(test.looks.first?.trace.last?.value == "false")
        #expect(shown.gaps.map(\.seen) == [false] && shown.untested.map(\.policy) == ["all"])
    }

    @Test("-o junit is well-formed whatever the cases are called, and counts failures and, with --coverage, gaps")
    func junit() async throws {
        let name = "<&\\\"'>]]> \\u0001\\u001b[2J\\uFFFE"
        let folder = try Self.project(
            "- {name: \"\(name)\", \(Self.neither), expect: pass}\n- {name: well, expect: pass}")
        #expect(await recorder.belay("-C", folder.path, "policy", "test", "-o", "junit", "--coverage") == .usage)
        let document = try XMLDocument(data: Data(recorder.output.utf8))
        func texts(_ path: String) throws -> [String] {
            try document.nodes(forXPath: path).map { $0.stringValue ?? "" }
        }
        #expect(try texts("/testsuites/testsuite/@name") == ["checked", "coverage"])
        #expect(try texts("/testsuites/testsuite/@failures") == ["1", "1"])
        #expect(try texts("//testcase/@name") == ["<&\"'>]]> \u{FFFD}\u{FFFD}[2J\u{FFFD}", "well", "all"])
        #expect(try texts("//testsuite[1]//failure/@message") == ["expected pass, came deny"])
        let failure = try #require(texts("//testsuite[1]//failure").first)
        #expect(failure.contains("action.verify = false"))
    }

    @Test("--mutate lists what no case notices, in every format, and fails for none of it")
    func mutate() async throws {
        let folder = try Self.project(
            Self.both + "\n- {name: half, set: {action.verify: false}, expect: pass}")
        #expect(await recorder.belay("-C", folder.path, "policy", "test", "--mutate") == .done)
        #expect(recorder.output.contains("each of 1 change was noticed\n"), "\(recorder.output)")
        _ = try folder.write(Self.cases(Self.both), to: "policies/checked.test.yaml")
        let place = "\(folder.path)/policies/checked.yaml:7:33"
        let second = Recorder()
        #expect(await second.belay("-C", folder.path, "policy", "test", "--mutate") == .done)
        #expect(
            second.output.contains(
                """
                1 of 1 change went unnoticed:
                  checked (\(place))
                    - action.verify || action.rollback
                    + action.verify && action.rollback

                """), "\(second.output)")
        let third = Recorder()
        #expect(await third.belay("-C", folder.path, "policy", "test", "--mutate", "-o", "json") == .done)
        #expect(third.output.contains("\"mutant\" : \"action.verify && action.rollback\""), "\(third.output)")
        let fourth = Recorder()
        #expect(await fourth.belay("-C", folder.path, "policy", "test", "--mutate", "-o", "junit") == .done)
        let document = try XMLDocument(data: Data(fourth.output.utf8))
        #expect(try document.nodes(forXPath: "//testsuite[@name='mutation']/testcase/skipped").count == 1)
    }

    @Test("cases that fail notice nothing, so nothing is changed then")
    func mutateFailing() async throws {
        let folder = try Self.project("- {name: ill, \(Self.neither), expect: pass}")
        #expect(await recorder.belay("-C", folder.path, "policy", "test", "--mutate") == .usage)
        #expect(!recorder.output.contains("change"), "\(recorder.output)")
    }
}
