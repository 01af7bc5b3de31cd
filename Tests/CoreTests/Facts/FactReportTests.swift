import CEL
import Foundation
import Testing

@testable import Core

/// Lines of a report become values of declared types, or errors with a cause.
@Suite("Fact report")
struct FactReportTests {
    private static let messages = [
        "M": [
            FactField("number", .int, "x"), FactField("share", .double, "x"), FactField("is", .bool, "x"),
            FactField("text", .string, "x"), FactField("at", .timestamp, "x"), FactField("left", .duration, "x"),
            FactField("inner", .message("I"), "x"), FactField("list", .list(.message("L")), "x"),
            FactField("map", .map(.string, .message("L")), "x"), FactField("words", .map(.string, .list(.string)), "x"),
        ],
        "I": [FactField("deep", .int, "x")],
        "L": [FactField("a", .int, "x"), FactField("b", .string, "x"), FactField("all", .list(.string), "x")],
    ]

    private func value(_ text: String) -> [String: Value] {
        let reading = FactReading(messages: Self.messages, report: FactReport(texts: [text]))
        guard case .message("M", let fields) = reading.value(of: "m", .message("M")) else { return [:] }
        return fields
    }

    private func cause(_ value: Value?) -> String? { if case .error(let error)? = value { error.cause } else { nil } }

    @Test("single values of every type; of two lines the first counts")
    func scalars() throws {
        let fields = value(
            "=number\t-5\n=number\t6\n=share\t1.5\n=is\ttrue\n=text\ta\tb\n=at\t100.9\n=left\t-1.5\n=inner.deep\t7\nnoise\n"
        )
        #expect(fields["number"] == .int(-5) && fields["share"] == 1.5 && fields["is"] == true)
        #expect(fields["text"] == .string("a\\tb") && fields["left"] == .duration(.milliseconds(-1500)))
        #expect(fields["at"] == CEL.Timestamp(seconds: 100).map(Value.timestamp))
        #expect(fields["inner"] == .message(name: "I", fields: ["deep": 7]))
    }

    @Test(
        "what is no value of its type is unknown with what was said",
        arguments: [
            "=number\t1.5", "=number\t99999999999999999999", "=share\tnan", "=share\tinf", "=is\t1", "=at\t1e30",
            "=left\tx",
        ])
    func notOfTheirType(line: String) {
        let name = String(line.dropFirst().prefix { $0 != "\t" })
        #expect(cause(value(line + "\n")[name])?.hasPrefix("the node answered: ") == true)
    }

    @Test("a list without its end is unknown, an empty one with it is none, and a cause is kept")
    func completeness() {
        #expect(cause(value("+list\t1\tx\n")["list"])?.contains("said nothing") == true)
        #expect(value(".list\n")["list"] == .list([]))
        #expect(cause(value("?list\tno such \u{1b}program\n.list\n")["list"]) == "no such \\u{1b}program")
        #expect(cause(value("?text\twhy\n")["text"]) == "why")
        #expect(value("=text\tx\n?text\twhy\n")["text"] == "x")
    }

    @Test("columns: of messages, of maps, lists within them, and what is not known of one")
    func columns() {
        let fields = value(
            "+list\t1\tx\ty\n+list\t?not told\t\n+list\n.list\n+map\tk\t2\tz\n+map\tk\t3\tz\n+map.all\tk\tone\n+map.all\tk\ttwo\n"
                + "+map.all\tother\tthree\n.map\n+words\tw\n+words\tv\ta\n+words\tv\tb\n.words\n")
        guard case .list(let list)? = fields["list"], case .map(let map)? = fields["map"],
            case .map(let words)? = fields["words"],
            list.count == 3, case .message(_, let first) = list[0], case .message(_, let second) = list[1],
            case .message(_, let third) = list[2]
        else { return #expect(Bool(false), "\(fields)") }
        #expect(first["a"] == 1 && first["b"] == .string("x\\ty") && first["all"] == .list([]))
        #expect(cause(second["a"]) == "not told" && second["b"] == "")
        #expect(cause(third["a"]) != nil && cause(third["b"]) != nil)
        #expect(map.count == 1 && map["k"] == .message(name: "L", fields: ["a": 2, "b": "z", "all": ["one", "two"]]))
        #expect(words["w"] == [] && words["v"] == ["a", "b"])
    }

    @Test("an empty text is unknown where the report says why")
    func emptyTexts() {
        let fields = value("+list\t1\t\n.list\n?list.b\tnobody says\n")
        guard case .list(let list)? = fields["list"], case .message(_, let first)? = list.first else {
            return #expect(Bool(false))
        }
        #expect(cause(first["b"]) == "nobody says")
    }

    @Test("texts and lists are bounded, and tokens do not come through")
    func bounds() {
        let long = String(repeating: "y", count: 5000)
        let fields = value(
            "=text\t\(long)\n" + String(repeating: "+words\tk\tpassword=hunter2secret\n", count: 3000) + ".words\n")
        guard case .string(let text)? = fields["text"], case .map(let map)? = fields["words"],
            case .list(let list)? = map["k"]
        else { return #expect(Bool(false)) }
        #expect(text.unicodeScalars.count == FactReading.textLimit + 1)
        #expect(list.count == FactReading.listLimit)
        #expect(list.allSatisfy { if case .string(let line) = $0 { !line.contains("hunter2secret") } else { false } })
    }
}
