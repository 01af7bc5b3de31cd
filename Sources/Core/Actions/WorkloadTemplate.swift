/// What is seen of a pod template: its digest, which tells it from any other, and its lines for people, without the values
/// of environment variables, since those may be secrets.
///
/// Both are made on the execution host: what is not shown never leaves it.
struct WorkloadTemplate: Sendable, Hashable {
    var sha256: String
    /// `spec.containers[0].image = app:2`, sorted as Kubernetes keeps them.
    var lines: [String]

    /// More lines than a pod template of any use has.
    static let limit = 20_000
    /// Stands for a value that is not shown.
    static let hidden = "(not shown)"

    /// Prints, behind what else a view shows, the template at `path` to be digested: the same of the workload and of the
    /// revision that keeps it, which has a label of its own besides.
    static func whole(at path: String) -> String {
        """
        {{with \(path)}}
        sha256={{range $key, $value := .metadata.labels}}{{if ne $key "pod-template-hash"}}{{printf "%q=%q " $key $value}}\
        {{end}}{{end}}|{{range $key, $value := .metadata.annotations}}{{printf "%q=%q " $key $value}}{{end}}|{{.spec}};{{end}}
        """
    }

    /// Prints the template at `path` as lines that begin with a space: `(` `)` around a map, `.` a key of it, `[` `]`
    /// around a list, `=` a value, `*` one that is not shown.
    static func shown(at path: String) -> String {
        """
        {{define "shown"}}{{$type := printf "%T" .}}{{if eq $type "map[string]interface {}"}}
         ({{range $key, $value := .}}{{if and (ne $key "pod-template-hash") (ne $key "creationTimestamp") (ne $key "$patch")}}
         .{{$key}}{{if eq $key "value"}}
         *{{else}}{{template "shown" $value}}{{end}}{{end}}{{end}}
         ){{else}}{{if eq $type "[]interface {}"}}
         [{{range .}}{{template "shown" .}}{{end}}
         ]{{else}}
         ={{printf "%q" (print .)}}{{end}}{{end}}{{end}}{{with \(path)}}{{template "shown" .}}{{end}}
        """
    }

    /// Reads what both printed.
    init?(_ printed: [Substring]) {
        guard let sum = printed.first(where: { $0.hasPrefix("sha256=") })?.dropFirst(7), sum.utf8.count == 64,
            sum.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        let tokens = printed.filter { $0.hasPrefix(" ") }.map { $0.dropFirst() }
        guard tokens.count <= Self.limit, let lines = Self.flat(tokens) else { return nil }
        (sha256, self.lines) = (String(sum), lines)
    }

    private enum Level {
        case map(key: Substring)
        case list(count: Int)

        var step: String {
            switch self {
            case .map(let key): ".\(key)"
            case .list(let count): "[\(count - 1)]"
            }
        }
    }

    /// One line for each value, with its path; nil for what no template prints.
    private static func flat(_ tokens: [Substring]) -> [String]? {
        var (levels, lines): ([Level], [String]) = ([], [])
        for token in tokens {
            if [")", "]"].contains(token.first) {
                guard levels.popLast() != nil else { return nil }
                continue
            }
            if token.first == "." {
                guard case .map = levels.popLast() else { return nil }
                levels.append(.map(key: token.dropFirst()))
                continue
            }
            if case .list(let count) = levels.last { levels[levels.count - 1] = .list(count: count + 1) }
            switch token.first {
            case "(": levels.append(.map(key: ""))
            case "[": levels.append(.list(count: 0))
            case "*", "=":
                let path = levels.map(\.step).joined().dropFirst()
                let value = String(token.dropFirst())
                lines.append("\(path) = \(token == "*" ? hidden : GoQuoted.unquote(value) ?? value)")
            default: return nil
            }
        }
        return levels.isEmpty ? lines : nil
    }
}
