/// One route or rule, its words as `ip` printed them without those that say how it fares right now.
struct RoutesLine: Sendable, Hashable {
    let object: RoutesGrammar.Object
    /// In one line, single blanks between: `10.1.0.0/16 via 192.0.2.9 dev eth0 metric 50`, `500: from all lookup 100`.
    let text: String

    /// Reads a line; the parts of a route over several hops have been joined.
    init(_ line: some StringProtocol, _ object: RoutesGrammar.Object) {
        self.object = object
        var kept: [Substring] = []
        var words = line.split { $0 == " " || $0 == "\t" }.map { Substring($0) }[...]
        var isName = false
        while let word = words.popFirst() {
            if !isName, RoutesGrammar.flags.contains(word) { continue }
            // A route that refuses says with which error.
            if !isName, word == "error" {
                words = words.dropFirst()
                continue
            }
            kept.append(word)
            isName = RoutesGrammar.deviceWords.contains(word)
        }
        text = kept.joined(separator: " ")
    }

    /// The lines of an output; what begins with a blank goes on with the line before.
    static func read(_ lines: some Sequence<Substring>, _ object: RoutesGrammar.Object) -> [RoutesLine] {
        var whole: [String] = []
        for line in lines where !line.isEmpty {
            if line.first == "\t" || line.first == " ", let last = whole.popLast() {
                whole.append(last + " " + line)
            } else {
                whole.append(String(line))
            }
        }
        return whole.map { RoutesLine($0, object) }.filter { !$0.text.isEmpty }
    }

    private var words: [Substring] { text.split(separator: " ") }

    /// What the kernel tells routes apart by, besides where they lead: of those with the same key the first is used. Rules
    /// with the same number are asked in their order.
    var key: String {
        let words = words
        guard object == .route else { return String(words.first ?? "") }
        var index = words.first.map { RoutesGrammar.types.contains(String($0)) } == true ? 1 : 0
        var key = index < words.count ? [words[index]] : []
        index += 1
        while index + 1 < words.count {
            if ["from", "tos", "table", "metric"].contains(words[index]) { key += words[index...(index + 1)] }
            index += pairs.contains(String(words[index])) ? 2 : 1
        }
        return key.joined(separator: " ")
    }

    /// For which packets it is: two of the same selector contradict each other.
    var selector: String {
        guard object == .rule else { return key }
        return words.prefix { !RoutesGrammar.actions.contains($0) }.joined(separator: " ")
    }

    private var pairs: [String] { RoutesGrammar.pairs(object) }

    /// Whether it is one that a person, or nobody knows who, made and that is understood word for word.
    var isOurs: Bool {
        guard let values = values(), !isPlugins else { return false }
        return values.allSatisfy { word, value in
            switch word {
            case "table": value != "local" && value != "255"
            case "proto": RoutesGrammar.protocols.contains(String(value))
            default: true
            }
        }
    }

    /// Whether each word of it is known.
    var isUnderstood: Bool { values() != nil }

    /// The devices that it names.
    var devices: [String] { (values() ?? []).filter { $0.0 == "dev" }.map { String($0.1) } }

    private var isPlugins: Bool {
        switch object {
        case .route: devices.contains { name in RoutesGrammar.pluginDevices.contains { name.hasPrefix($0) } }
        case .rule: RoutesGrammar.pluginRules.contains { text.hasPrefix($0.begin) && text.hasSuffix($0.end) }
        }
    }

    /// The words with their values, nil when one of them is not understood.
    private func values() -> [(Substring, Substring)]? {
        var rest = words[...]
        guard var first = rest.popFirst() else { return nil }
        if object == .rule {
            guard first.last == ":", first.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }), first.count > 1
            else { return nil }
        } else {
            if RoutesGrammar.types.contains(String(first)) {
                guard let next = rest.popFirst() else { return nil }
                first = next
            }
            guard RoutesGrammar.isPlain(first) else { return nil }
        }
        var values: [(Substring, Substring)] = []
        while let word = rest.popFirst() {
            if RoutesGrammar.lone(object).contains(String(word)) { continue }
            guard pairs.contains(String(word)), var value = rest.popFirst() else { return nil }
            if value == "lock" || (word == "via" && (value == "inet" || value == "inet6")) {
                guard let next = rest.popFirst() else { return nil }
                value = next
            }
            guard RoutesGrammar.isPlain(value) else { return nil }
            values.append((word, value))
        }
        return values
    }
}
