/// A static pod's manifest: one YAML document of kind Pod, and its text as it is written.
struct PodManifest: Sendable {
    /// As it is written.
    let content: Payload
    /// `metadata.name`, to which the kubelet adds the node's.
    let name: String
    /// `metadata.namespace`.
    let namespace: String
    /// The document.
    let root: YAMLNode

    /// Reads a manifest.
    /// - Parameter what: names it in messages.
    init(_ content: Payload, of what: String) throws(ObservationError) {
        func refusal(_ fault: String) -> ObservationError {
            ObservationError(
                "\(what) is no manifest of a static pod: \(fault)",
                remedy: "The kubelet would not run it; give one that it does")
        }
        do throws(Diagnostics) {
            root = try YAMLDocument(content.bytes, file: "manifest").root
        } catch {
            throw refusal(error.all.first?.description ?? "not YAML")
        }
        guard root["kind"]?.text == "Pod", root["apiVersion"]?.text == "v1" else { throw refusal("not a v1 Pod") }
        guard let name = root["metadata"]?["name"]?.text, !name.isEmpty else { throw refusal("it has no name") }
        guard root["spec"]?["containers"]?.items.isEmpty == false else { throw refusal("it has no containers") }
        (self.content, self.name) = (content, name)
        namespace = root["metadata"]?["namespace"]?.text ?? "default"
    }

    /// Whether both say the same, however they are written.
    func isSamePod(as other: PodManifest) -> Bool { root.flat() == other.root.flat() }

    /// Whether a file of that name is what people take for a manifest. The kubelet reads all that do not begin with a dot.
    static func isName(_ name: String) -> Bool {
        !name.hasPrefix(".") && [".yaml", ".yml", ".json"].contains(where: name.hasSuffix)
    }

    /// Refuses a file in the kubelet's folder to actions that do not know what a manifest is.
    static func refuse(_ path: FilePath, as argument: String) throws(ArgumentError) {
        guard path.isManifest else { return }
        throw ArgumentError(argument, "the kubelet runs what lies in \(path.directory): use manifest.edit for it")
    }
}

extension PodManifest {
    /// The same with one flag set, or without it. Only that line of the text is another one, or comes or goes; that nothing else
    /// means something else is read out of the result.
    func with(_ edit: FlagEdit) throws(ObservationError) -> PodManifest {
        let list = try flags()
        let texts = list.items.map { $0.text ?? "" }
        let places = texts.indices.filter { edit.isMeant(texts[$0]) }
        guard places.count <= 1 else { throw unclear("\(edit.flag) is given \(places.count) times") }
        if let place = places.first {
            if texts[place] == edit.wanted { return self }
            let next = place + 1 < texts.count ? texts[place + 1] : "-"
            guard texts[place] != edit.flag || next.hasPrefix("-") else {
                throw unclear("the value of \(edit.flag) is an item of its own")
            }
        } else if edit.wanted == nil {
            return self
        }
        let changed = try PodManifest(rewritten(list, at: places.first, edit), of: "the changed manifest")
        var expected = texts
        if let place = places.first { expected.remove(at: place) }
        if let wanted = edit.wanted { expected.insert(wanted, at: places.first ?? expected.count) }
        guard try changed.flags().items.map({ $0.text ?? "" }) == expected,
            root.flat(except: list.path) == changed.root.flat(except: list.path)
        else { throw unclear("it is not written as one line an item") }
        return changed
    }

    private struct List {
        var path: [String]
        var items: [YAMLNode]
    }

    /// Where its flags are: in `command` as kubeadm writes it, else in `args`.
    private func flags() throws(ObservationError) -> List {
        let containers = root["spec"]?["containers"]?.items ?? []
        guard let index = containers.count == 1 ? 0 : containers.firstIndex(where: { $0["name"]?.text == name }) else {
            throw unclear("it has \(containers.count) containers, none of them '\(name)'")
        }
        let lists = ["command", "args"].map { key in
            List(path: ["spec", "containers", "\(index)", key], items: containers[index][key]?.items ?? [])
        }
        let withFlags = lists.first { $0.items.contains { $0.text?.hasPrefix("--") == true } }
        guard let list = withFlags ?? lists.first(where: { !$0.items.isEmpty }),
            list.items.allSatisfy({ $0.text != nil })
        else { throw unclear("its container has no command") }
        return list
    }

    /// The text with the item at a place replaced or removed, or one more behind the last.
    private func rewritten(_ list: List, at place: Int?, _ edit: FlagEdit) throws(ObservationError) -> Payload {
        var lines = content.bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        let number = list.items[place ?? list.items.count - 1].line - 1
        guard lines.indices.contains(number) else { throw unclear("its lines cannot be told") }
        let margin = lines[number].prefix { $0 == 0x20 }
        guard lines[number].dropFirst(margin.count).starts(with: Array("- ".utf8)) else {
            throw unclear("its command is not a list of one line an item")
        }
        let item = edit.item.map { Array(margin) + Array("- \($0)".utf8) }
        if place == nil {
            lines.insert(item ?? [], at: number + 1)
        } else if let item {
            lines[number] = item
        } else {
            lines.remove(at: number)
        }
        return Payload(bytes: Array(lines.joined(separator: [0x0A])))
    }

    private func unclear(_ why: String) -> ObservationError {
        ObservationError(
            "the flag cannot be changed in the manifest of \(name): \(why)",
            remedy: "Give the whole manifest as 'content'")
    }
}

/// One flag of a program, and what it is to be.
struct FlagEdit: Sendable, Hashable {
    /// With its dashes: `--v`.
    let flag: String
    /// The whole argument as it is to be, nil to have none.
    let wanted: String?

    /// Reads `--flag=value`, or with `unsets` only `--flag`.
    init(_ text: String, argument: String, unsets: Bool) throws(ArgumentError) {
        let flag = String(text.prefix { $0 != "=" })
        let isPlain = flag.dropFirst(2).utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D
        }
        guard flag.hasPrefix("--"), isPlain, (3...80).contains(flag.utf8.count), unsets == (flag == text) else {
            throw ArgumentError(
                argument,
                "must be \(unsets ? "--flag" : "--flag=value") with a-z, 0-9 and '-' in the flag, not "
                    + text.debugDescription)
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }), text.utf8.count <= 4096 else {
            throw ArgumentError(argument, "must not hold control characters and not be over 4096 bytes")
        }
        (self.flag, wanted) = (flag, unsets ? nil : text)
    }

    /// Whether an argument is this flag.
    func isMeant(_ text: String) -> Bool { text == flag || text.utf8.starts(with: "\(flag)=".utf8) }

    /// As an item of a YAML list: plain where that is safe, else in quotes.
    var item: String? {
        guard let wanted else { return nil }
        let plain = "-_./,=:@%+".utf8
        let isSafe = wanted.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                || plain.contains(byte)
        }
        return isSafe && !wanted.hasSuffix(":") ? wanted : "'\(wanted.replacing("'", with: "''"))'"
    }
}

extension YAMLNode {
    /// The value of a mapping's key, nil where there is none.
    fileprivate subscript(_ key: String) -> YAMLNode? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { $0.key.text == key }?.value
    }

    /// The items of a list, none for all else.
    var items: [YAMLNode] { if case .sequence(let items) = content { items } else { [] } }

    /// Every scalar by its path, without those below one path: what the document says, however it is written.
    func flat(except left: [String]? = nil) -> [[String]: YAMLScalar] {
        var all: [[String]: YAMLScalar] = [:]
        collect(at: [], except: left, into: &all)
        return all
    }

    private func collect(at path: [String], except left: [String]?, into all: inout [[String]: YAMLScalar]) {
        guard path != left else { return }
        switch content {
        case .scalar: all[path] = scalar
        case .mapping(let pairs):
            if pairs.isEmpty { all[path + ["{}"]] = .null }
            for pair in pairs { pair.value.collect(at: path + [pair.key.text ?? ""], except: left, into: &all) }
        case .sequence(let items):
            if items.isEmpty { all[path + ["[]"]] = .null }
            for (index, item) in items.enumerated() {
                item.collect(at: path + ["\(index)"], except: left, into: &all)
            }
        }
    }
}
