/// Which nodes: requirements that must all hold, in the syntax of kubectl's `-l` (Kubernetes, Labels and Selectors).
///
///     role=worker,pool!=gpu,name=node-1*,zone in (a, b),!maintenance
///
/// Keys are `name`, `role`, `pool`, `group` (of an Ansible inventory) and labels; `label.name` is the label that is called
/// `name`. In values `*` stands for any text.
public struct Selector: Sendable, Hashable {
    /// The text it was read from.
    public let text: String
    let requirements: [Requirement]

    struct Requirement: Sendable, Hashable {
        var key: Key
        var test: Test
        /// Columns in the text.
        var columns: Range<Int>
    }

    enum Key: Sendable, Hashable {
        case name, role, pool, group
        case label(String)
    }

    enum Test: Sendable, Hashable {
        case anyOf([String])
        case noneOf([String])
        case exists
        case absent
    }

    /// What of a node it looks at.
    struct Subject: Sendable {
        var name: String
        var roles: Set<String>
        var pool: String
        var groups: Set<String>
        var labels: [String: String]

        func values(of key: Key) -> [String] {
            switch key {
            case .name: [name]
            case .role: roles.sorted()
            case .pool: [pool]
            case .group: groups.sorted()
            case .label(let key): labels[key].map { [$0] } ?? []
            }
        }
    }

    func matches(_ subject: Subject) -> Bool { requirements.allSatisfy { $0.matches(subject) } }
}

extension Selector.Requirement {
    func matches(_ subject: Selector.Subject) -> Bool {
        let values = subject.values(of: key)
        return switch test {
        case .anyOf(let patterns): values.contains { value in patterns.contains { Glob.matches($0, value) } }
        case .noneOf(let patterns): !values.contains { value in patterns.contains { Glob.matches($0, value) } }
        case .exists: !values.isEmpty
        case .absent: values.isEmpty
        }
    }
}

extension Selector.Key {
    static let words: [String: Selector.Key] = ["name": .name, "role": .role, "pool": .pool, "group": .group]

    /// In the words of messages.
    var text: String {
        switch self {
        case .name: "name"
        case .role: "role"
        case .pool: "pool"
        case .group: "group"
        case .label(let key): "label '\(key)'"
        }
    }
}

extension Inventory.Node {
    var subject: Selector.Subject {
        Selector.Subject(name: name, roles: roles, pool: pool, groups: groups, labels: labels)
    }
}

/// `*` for any text. Greedy with one point to fall back to: never exponential.
enum Glob {
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let (pattern, text) = (Array(pattern.utf8), Array(text.utf8))
        var (p, t) = (0, 0)
        var fallback: (p: Int, t: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == 0x2A {
                fallback = (p + 1, t)
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] {
                (p, t) = (p + 1, t + 1)
            } else if let last = fallback {
                (p, t) = (last.p, last.t + 1)
                fallback = (last.p, last.t + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == 0x2A }
    }
}
