/// Makes expressions, each part of which is chosen by the next byte; where there are no more, by 0, which ends it.
struct CELGrammar {
    private var choices: ArraySlice<UInt8>

    init(choices: [UInt8]) { self.choices = choices[...] }

    /// Forms by type. `$b` stands for an expression of type `b`; the first form of each has none inside.
    private static let forms: [Character: [String]] = [
        "b": [
            "true", "false", "node.ready", "!$b", "($b && $b)", "($b || $b)", "($b ? $b : $b)", "$i == $i", "$i < $d",
            "$u >= $i", "$d != $d", "$s == $s", "$s <= $s", "$y < $y", "$t < $t", "$r >= $r", "$l == $l", "$m == $m",
            "$x == $x", "$x in $l", "$s in $m", "has($m.a)", "has(node.labels.zone)", "$s.contains($s)",
            "$s.startsWith($s)", "$s.endsWith($s)", "$l.all(v, $b)", "$l.exists(v, $b)", "$l.exists_one(v, $b)",
            "$m.exists(v, $b)", "names.all(n, n != $s)", "nodes.exists(v, v.firewall.rules > $i)", "bool($s)",
            "type($x) == type($x)", "$x == null", "optional.of($x).hasValue()", "$s.matches($s)",
            "matches($s, r'^(\\pL|\\d+)*z')",
        ],
        "i": [
            "0", "1", "-1", "9223372036854775807", "-9223372036854775808", "0x7F", "count", "node.firewall.rules",
            "($i + $i)", "($i - $i)", "($i * $i)", "($i / $i)", "($i % $i)", "-$i", "($b ? $i : $i)", "int($d)",
            "int($u)", "int($s)", "int($t)", "size($l)", "$s.size()", "$m.size()", "size($y)", "$l[$i]",
            "$s.indexOf($s)", "$s.lastIndexOf($s, $i)", "$t.getHours()", "$t.getHours($s)", "$t.getDate($s)",
            "$t.getDayOfYear('Europe/Amsterdam')", "$t.getMilliseconds()", "$r.getMinutes()", "$t.getFullYear($s)",
        ],
        "u": [
            "0u", "18446744073709551615u", "uint($i)", "uint($d)", "uint($s)", "($u + $u)", "($u - $u)", "($u * $u)",
            "($u / $u)", "($u % $u)",
        ],
        "d": [
            "0.0", "1.5", "-0.0", "1e308", "5e-324", "double($i)", "double($u)", "double($s)", "($d + $d)",
            "($d * $d)", "($d / $d)", "-$d", "double('NaN')",
        ],
        "s": [
            "''", "'a'", "'é'", "'e\\u0301'", "r'\\d'", "\"\"\"a\nb\"\"\"", "'👩‍👩‍👧'", "node.name", "names[$i]", "'1h30m'",
            "'2026-03-29T01:00:00Z'", "'Europe/Amsterdam'", "'+05:30'", "'-9223372036854775808'", "($s + $s)",
            "string($i)", "string($d)", "string($y)", "string($t)", "string($r)", "$s.substring($i)",
            "$s.substring($i, $i)", "$s.charAt($i)", "$s.replace($s, $s)", "$s.replace($s, $s, $i)", "$s.trim()",
            "$s.lowerAscii()", "$s.upperAscii()", "names.join($s)", "$s.split($s).join($s)", "node.labels[$s]",
            "params.window",
        ],
        "y": ["b''", "b'\\xff'", "bytes($s)", "($y + $y)", "b'é'"],
        "l": [
            "[]", "names", "nodes", "[$x]", "[$x, $x]", "($l + $l)", "$s.split($s)", "$s.split($s, $i)",
            "$l.filter(v, $b)", "$l.map(v, $x)", "$l.map(v, $b, $x)", "$m.map(v, $x)", "($b ? $l : $l)", "[$l, $l]",
        ],
        "m": ["{}", "params", "node.labels", "{$s: $x}", "{$i: $x, $s: $x}", "{'a': $m}", "{true: $x, 1u: $x}"],
        "t": ["now", "timestamp($s)", "timestamp($i)", "($t + $r)", "($t - $r)", "timestamp('0001-01-01T00:00:00Z')"],
        "r": ["wait", "duration($s)", "($t - $t)", "($r + $r)", "($r - $r)", "-$r", "duration('9223372036s')"],
        "x": [
            "v", "null", "dyn($x)", "$b", "$i", "$u", "$d", "$s", "$y", "$l", "$m", "$t", "$r", "$x.a", "$x[$x]", "int",
            "optional.none()",
            "optional.of($x)", "[optional.none(), optional.of($x)]", "optional.of($x).value()",
            "optional.of($i).orValue($x)",
        ],
    ]
    private static let types = forms.keys.sorted()

    private mutating func choose<Item>(_ items: [Item]) -> Item { items[Int(choices.popFirst() ?? 0) % items.count] }

    /// Of any type.
    mutating func expression() -> String { expression(of: choose(Self.types)) }

    private mutating func expression(of type: Character) -> String {
        var type = type
        // Once in a while of a type that does not fit.
        if choices.first == 0xFF {
            choices.removeFirst()
            type = choose(Self.types)
        }
        let form = choose(Self.forms[type] ?? [])
        var (text, isPlace) = ("", false)
        for character in form {
            if isPlace {
                text += expression(of: character)
            } else if character != "$" {
                text.append(character)
            }
            isPlace = character == "$"
        }
        return text
    }
}
