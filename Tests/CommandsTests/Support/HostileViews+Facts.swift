import CEL

@testable import Commands
@testable import Core
@testable import Engine

extension HostileViews {
    static let facts: [String: Case] = [
        "FactsView": { _ in
            let failure = NodeFailure(Hostile.text, remedy: Hostile.text, isPassing: false)
            let outcomes: [Result<NodeFacts, NodeFailure>] = [
                .success(found(known)), .success(found(unknown)), .failure(failure),
            ]
            let view = FactsView(
                sights: outcomes.map { outcome in
                    NodeFactsSight(
                        node: Hostile.text, address: Hostile.text, observedAt: Core.Timestamp(milliseconds: 0),
                        facts: outcome)
                })
            return [view.text(.plain), try view.json()]
        },
        "FactsValueView": { _ in [known, unknown].flatMap { FactsValueView(found($0).value).lines(.plain) } },
        "FactWords": { _ in [known(.string), unknown(.string)].map(FactWords(name: "x").one) },
    ]

    private static func found(_ value: (CELType) -> Value) -> NodeFacts {
        let fields = FactSchema.node.fields.map { ($0.name, value($0.type)) }
        return NodeFacts(facts: .unknown(Hostile.text), groups: Dictionary(uniqueKeysWithValues: fields))
    }

    private static func unknown(_ type: CELType) -> Value { .unknown(path: "facts.x", cause: Hostile.text) }

    /// A value of a type with hostile texts wherever one may stand, as if the reader of facts had let them through.
    private static func known(_ type: CELType) -> Value {
        switch type {
        case .string: .string(Hostile.text)
        case .bool: true
        case .int: 5
        case .double: 5
        case .timestamp: CEL.Timestamp(seconds: 0).map(Value.timestamp) ?? .null
        case .duration: .duration(.seconds(5))
        case .list(let element): .list([known(element), unknown(element)])
        case .map(_, let element):
            .map(MapValue([Hostile.text: known(element), "b" + Hostile.text: unknown(element)]))
        case .message(let name):
            .message(
                name: name,
                fields: Dictionary(
                    uniqueKeysWithValues: (FactSchema.node.messages[name] ?? []).map { ($0.name, known($0.type)) }))
        default: .null
        }
    }
}
