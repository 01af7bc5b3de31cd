import RandomStates
import Testing

@testable import Core

@Suite("Selectors")
struct SelectorTests {
    static let text = """
        apiVersion: belay/v1
        kind: Inventory
        cluster: {name: prod, environment: production}
        nodes:
        - {name: cp1, address: 10.0.0.1, roles: [control-plane, etcd], labels: {zone: a, name: x, gone: ""}}
        - {name: w1, address: 10.0.0.2, roles: [worker], pool: blue, labels: {zone: a, topology.kubernetes.io/zone: eu-1a}}
        - {name: w2, address: 10.0.0.3, roles: [worker], pool: green, labels: {zone: b}}
        - {name: w10, address: 10.0.0.4, roles: [worker], pool: blue}
        """

    static func inventory() throws -> Inventory { try Inventory.parse(Array(text.utf8), file: "inventory.yaml") }

    static func names(_ text: String) throws -> [String] {
        try inventory().nodes(matching: Selector.parse(text)).map(\.name)
    }

    @Test(
        "select nodes in the order of the inventory",
        arguments: [
            ("role=worker", ["w1", "w2", "w10"]), ("role==worker,pool=blue", ["w1", "w10"]),
            ("role!=worker", ["cp1"]), ("role=etcd", ["cp1"]), ("role!=etcd", ["w1", "w2", "w10"]),
            ("name=w*", ["w1", "w2", "w10"]), ("name=w1", ["w1"]), ("name=*1*", ["cp1", "w1", "w10"]),
            ("name in (w1, w2)", ["w1", "w2"]), ("name notin (w*)", ["cp1"]),
            ("pool in(green,default)", ["cp1", "w2"]),
            ("zone", ["cp1", "w1", "w2"]), ("!zone", ["w10"]), ("zone=a", ["cp1", "w1"]), ("zone!=a", ["w2", "w10"]),
            ("label.zone = b", ["w2"]), ("label.name=x", ["cp1"]), ("topology.kubernetes.io/zone=eu-*", ["w1"]),
            ("gone=", ["cp1"]), (" role = worker , zone = a ", ["w1"]), ("!nobody", ["cp1", "w1", "w2", "w10"]),
            ("! zone,role", ["w10"]), ("zone notin (a,b)", ["w10"]),
            ("role in (etcd,worker),!gone", ["w1", "w2", "w10"]),
        ] as [(String, [String])])
    func matches(text: String, expected: [String]) throws { #expect(try Self.names(text) == expected) }

    @Test(
        "faults are at their columns",
        arguments: [
            ("", "1:1: a key must stand here: name, role, pool, group, or a label's"),
            ("role=worker,", "1:13: a key must stand here: name, role, pool, group, or a label's"),
            ("role=", "1:6: a role must stand here"), ("name!=", "1:7: a name must stand here"),
            ("role=a pool=b", "1:8: ',' must stand between two requirements. For instance role=worker,pool=a"),
            (
                "role is worker",
                "1:6: ',' or one of =, !=, in, notin must follow a key. For instance role=worker,pool=a"
            ),
            ("role!worker", "1:6: '=' must follow '!' here"), ("pool in a", "1:9: '(' must follow: in (a, b)"),
            ("pool in (a", "1:11: ',' or ')' must follow a value"), ("pool in ()", "1:10: a pool must stand here"),
            ("cpu>3", "1:1: must be a key: letters, digits, '-', '_', '.' and '/'"),
            ("label.=x", "1:1: must be a key: letters, digits, '-', '_', '.' and '/'"),
            ("a=b=c", "1:4: ',' must stand between two requirements. For instance role=worker,pool=a"),
        ])
    func faults(text: String, expected: String) {
        let error = #expect(throws: Diagnostics.self) { try Selector.parse(text) }
        #expect(error?.description == expected)
    }

    @Test(
        "what matches nothing says what there is; a key that nobody has is an error even where it would match all",
        arguments: [
            ("role=wrker", "1:1: no node of inventory.yaml matches this; did you mean 'worker'?"),
            ("zone=a,pool=red", "1:8: no node of inventory.yaml matches this; known are blue, default, green"),
            (
                "role=etcd,pool=blue",
                "1:1: no node of inventory.yaml meets all of it; each part alone is met by some node"
            ),
            ("rol!=worker", "1:1: no node of inventory.yaml has a label 'rol'; did you mean 'role'?"),
            ("group=web", "1:1: no node of inventory.yaml matches this; no node has a group"),
        ])
    func nothing(text: String, expected: String) {
        let error = #expect(throws: Diagnostics.self) { try Self.names(text) }
        #expect(error?.description == expected)
    }

    @Test("of named nodes selectors leave those that match; all selectors must")
    func both() throws {
        let inventory = try Self.inventory()
        let worker = try Selector.parse("role=worker")
        let blue = try Selector.parse("pool=blue")
        #expect(try inventory.nodes(named: ["w2", "w1", "cp1"], matching: [worker]).map(\.name) == ["w2", "w1"])
        #expect(try inventory.nodes(named: [], matching: [worker, blue]).map(\.name) == ["w1", "w10"])
        let error = #expect(throws: Diagnostics.self) { try inventory.nodes(named: ["cp1"], matching: [worker]) }
        #expect(error?.description == "1:1: no named node matches the selectors")
        #expect(throws: Diagnostics.self) { try inventory.nodes(named: ["cp9"], matching: [worker]) }
    }

    @Test("a caret stands under the part that is wrong")
    func caret() {
        let error = #expect(throws: Diagnostics.self) { try Self.names("zone=a,pool=red") }
        #expect(error?.render(source: "zone=a,pool=red").contains("| zone=a,pool=red\n   |        ^^^^^^^^") == true)
    }

    @Test("texts of any characters are read or refused, and never crash")
    func anyText() {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array("ab=!,() *innot.é\u{0}\"/".unicodeScalars)
        for _ in 0..<3000 {
            let scalars = (0..<Int.random(in: 0...16, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            var text = ""
            text.unicodeScalars.append(contentsOf: scalars)
            guard let selector = try? Selector.parse(text) else { continue }
            for requirement in selector.requirements {
                #expect((1...text.unicodeScalars.count + 2).contains(requirement.columns.upperBound), "\(text)")
            }
        }
        #expect(throws: Diagnostics.self) { try Selector.parse(String(repeating: "a", count: 5000)) }
    }
}
