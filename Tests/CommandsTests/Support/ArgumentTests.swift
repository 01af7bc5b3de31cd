import Core
import Testing

@testable import Commands

struct ArgumentTests {
    @Test("only the first '=' parts name and value")
    func parameters() throws {
        let parsed = try ParameterArguments.parse(["a=1", "k=v=w", "empty="], files: ["f=path"]) { "text of \($0)" }
        #expect(parsed == ["a": "1", "k": "v=w", "empty": "", "f": "text of path"])
    }

    @Test(
        "an argument without name or '=', or given twice, is refused by name",
        arguments: [
            (["service"], [], "--param 'service' has no name and '='"),
            (["=x"], [], "--param '=x' has no name and '='"),
            ([], ["x"], "--param-file 'x' has no name and '='"),
            (["a=1", "a=2"], [], "the parameter 'a' is given twice"),
            (["a=1"], ["a=f"], "the parameter 'a' is given twice"),
        ] as [([String], [String], String)])
    func refused(values: [String], files: [String], message: String) {
        let error = #expect(throws: UsageError.self) { try ParameterArguments.parse(values, files: files) { $0 } }
        #expect(error?.message == message)
    }

    @Test("times are durations, or instants for --since and --until")
    func times() throws {
        let now = Timestamp(milliseconds: 10_000_000)
        #expect(try TimeArguments.seconds("4h", option: "--expires") == 14_400)
        #expect(try TimeArguments.instant("2h", option: "--since", now: now).milliseconds == 2_800_000)
        #expect(try TimeArguments.instant("1970-01-01T00:00:01Z", option: "--until", now: now).milliseconds == 1000)
        #expect(throws: UsageError.self) { try TimeArguments.seconds("4", option: "--expires") }
        #expect(throws: UsageError.self) { try TimeArguments.seconds("0s", option: "--expires") }
        let error = #expect(throws: UsageError.self) {
            try TimeArguments.instant("yesterday", option: "--until", now: now)
        }
        #expect(error?.message == "--until 'yesterday' is no time")
    }

    @Test(
        "NO_COLOR, dumb terminals and pipes have no colour, unless it is asked for",
        arguments: [
            (ColorChoice.auto, true, nil, "xterm", true), (.auto, false, nil, "xterm", false),
            (.auto, true, "1", "xterm", false),
            (.auto, true, "", "xterm", true), (.auto, true, nil, "dumb", false), (.always, false, "1", "dumb", true),
            (.never, true, nil, "xterm", false),
        ] as [(ColorChoice, Bool, String?, String?, Bool)])
    func color(choice: ColorChoice, isTerminal: Bool, noColor: String?, term: String?, expected: Bool) {
        #expect(choice.isOn(isTerminal: isTerminal, noColor: noColor, term: term) == expected)
    }
}
