import Core

/// What an action of a node is about.
struct SubjectKey: Hashable {
    let node: String
    /// Place and subject, as ``NodeRun`` tells whether two steps look at the same thing.
    let subject: String

    init(_ node: String, _ action: any Action) {
        self.node = node
        subject = "\(action.place.rawValue) \(action.subject)"
    }
}

/// The true state of a thing on a node, and everything it has been.
///
/// Commands have their meaning by the pure half of their action: those that `apply` yields for a state lead to what `predict`
/// says of it, and those that `undo` yields lead back to it. What no state yields is nobody's command, and leaves a mark.
struct Subject {
    let action: any Action
    /// What a boot brings back, where the state does not survive it.
    let atBoot: Observation
    private(set) var state: Observation
    private var past: [Observation] = []
    /// When others changed a field last, and to what.
    var foreign: [String: (at: Double, value: FieldValue)] = [:]
    /// Fields that the last boot changed, and when that was.
    private(set) var booted: (at: Double, fields: Set<String>) = (-1, [])

    init(_ action: any Action, _ state: Observation) {
        self.action = action
        atBoot = state
        self.state = state
    }

    /// Everything it has been, and is.
    var all: [Observation] { [state] + past.reversed() }

    static let mark = "corrupted"

    mutating func become(_ next: Observation) {
        guard next != state else { return }
        past.append(state)
        state = next
    }

    /// What a boot does to a state that does not survive it: what others changed is gone, too.
    mutating func boot(at moment: Double) {
        booted = (moment, Set(atBoot.differences(from: state) { _ in true }.map(\.field)))
        become(atBoot)
        foreign = [:]
    }

    /// Fields that somebody, or a boot, has changed since.
    func changed(since moment: Double) -> Set<String> {
        Set(foreign.filter { $0.value.at >= moment }.keys).union(booted.at >= moment ? booted.fields : [])
    }

    /// True for a field that has the value that a boot since has given it.
    func isAsBooted(_ field: String, since moment: Double) -> Bool {
        booted.at > moment && state[field] == atBoot[field]
    }

    /// The state after commands that apply an action.
    func applied(_ commands: [Command], as action: any Action) -> Observation {
        for seen in [state] + past.reversed() where action.apply(seen) == commands {
            guard let prediction = try? action.predict(seen) else { continue }
            return state.merging(prediction, action)
        }
        return marked
    }

    /// The state after commands that undo an action, of which `before` is kept beside them.
    func undone(_ commands: [Command], before: Observation?, as action: any Action) -> Observation {
        for seen in [before].compactMap(\.self) + [state] + past.reversed() where action.undo(seen) == commands {
            return state.returning(to: seen, action)
        }
        return marked
    }

    private var marked: Observation {
        var marked = state
        marked[Self.mark] = .text("by commands that no state of it yields")
        return marked
    }

    /// Some of the fields, as when commands end halfway.
    func part(of next: Observation, _ takes: (String) -> Bool) -> Observation {
        var partial = state
        for field in Set(next.fields.keys).union(state.fields.keys).sorted() where takes(field) {
            partial[field] = next[field]
        }
        return partial
    }
}

extension Observation {
    fileprivate func merging(_ prediction: Prediction, _ action: any Action) -> Observation {
        var next = self
        for (field, value) in prediction.after.fields {
            switch prediction.quality(of: field) {
            case .exact, .bounded: next[field] = value
            case .unpredictable:
                if fields[field] != nil, !action.role(of: field).isVolatile { next[field] = Self.other(value) }
            }
        }
        for field in fields.keys where prediction.after[field] == nil { next[field] = nil }
        return next
    }

    // What nobody can predict is something else than before.
    private static func other(_ value: FieldValue) -> FieldValue {
        switch value {
        case .text(let text): .text(text == "0" ? "1" : "0")
        case .lines, .absent: value
        case .content: .content(Payload("something else\n"))
        }
    }

    fileprivate func returning(to seen: Observation, _ action: any Action) -> Observation {
        var next = self
        for field in Set(seen.fields.keys).union(fields.keys) where !action.role(of: field).isVolatile {
            next[field] = seen[field]
        }
        return next
    }
}
