import Core

let nonce = "00112233445566778899aabbccddeeff"

/// An answer to a write; then the same bytes as what two commands printed, with and without the frames around it.
func nodeAnswer(_ bytes: [UInt8]) {
    if let answer = try? NodeAnswer(parsing: bytes) { expectSame(answer) }
    let script = ReadScript([Command(["a"]), Command(["b", "c"])], nonce: nonce)
    _ = try? script.parse(bytes)
    let pieces = parts(bytes, 4)
    let lines = zip(["0 e", "0 o", "1 e", "1 o"], pieces).map { "\(nonce) \($0) \(Base64.encode($1))\n" }
    guard let outputs = try? script.parse(Array(lines.joined().utf8)) else { return }
    expect(outputs.count == 2, "every command has an answer")
    expect(zip(outputs, [pieces[1], pieces[3]]).allSatisfy { $0.output.bytes == $1 }, "an answer is what was printed")
    for output in outputs { expectSame(output) }
}

/// Lines that 0xFE ends, of words that 0xFF ends, which cross as base64; the bytes as they are, too.
func record(_ bytes: [UInt8]) {
    for printed in [bytes, frames(bytes)] {
        if let contents = try? RecordContents(parsing: printed, nonce: nonce) {
            expectSame(contents)
            expect(contents.steps.count <= RecordContents.stepLimit, "a record has not too many steps")
            expect(contents.steps.allSatisfy { $0.index >= 0 }, "steps are counted from 0")
        }
        if let listing = try? RecordListing(parsing: printed, nonce: nonce) {
            let standing = listing.standing { _ in [] }
            expect(standing.allSatisfy { NodeRecord.isRun($0.run) }, "what stands in the way is a run")
            let settled = listing.standing { _ in Set(standing.map(\.run)) }
            expect(Set(settled).isSubset(of: standing), "what is settled stands less in the way")
        }
        _ = try? RecordScript.readEnding(printed, nonce: nonce)
    }
}

private func frames(_ bytes: [UInt8]) -> [UInt8] {
    let lines = bytes.split(separator: 0xFE).map { line in
        let words = line.split(separator: 0xFF, omittingEmptySubsequences: false)
        let kind = String(decoding: words.first ?? [], as: UTF8.self)
        guard kind == "file", words.count == 4 else { return frame(kind, words.dropFirst().map(Array.init)) }
        return file(Array(words[1]), Array(words[2]), cutOff: words[3].first != nil)
    }
    return Array((lines.joined() + "\(nonce) end\n").utf8)
}

private func frame(_ kind: String, _ words: [[UInt8]]) -> String {
    ([nonce, kind] + words.map(Base64.encode)).joined(separator: " ") + "\n"
}

private func file(_ name: [UInt8], _ content: [UInt8], cutOff: Bool = false) -> String {
    let size = content.count + (cutOff ? 1 : 0)
    return "\(nonce) file disk \(Base64.encode(name)) \(size) \(Base64.encode(content))\n"
}

private func file(_ name: String, _ content: [UInt8]) -> String { file(Array(name.utf8), content) }

/// The plan that lies in a record, the states before its first two steps, and a byte for each thing that may lie there, in parts.
func adoption(_ bytes: [UInt8]) {
    let pieces = parts(bytes, 4)
    guard let plan = try? JSON.decode(Plan.self, from: pieces[0]), let node = plan.nodes.first else { return }
    let found = Place.allOfFuzzing.compactMap { piece($0, of: plan, node, pieces) }
    let record = AdoptedRecord(run: plan.id, node: node.name, pieces: found)
    expectSame(record)
    guard var state = try? RunState(adopting: record, as: "r@\(node.name)") else { return }
    let adopted = state.plan
    expect(
        adopted.nodes.count == 1 && adopted.nodes[0].host.map { $0.identity.hostKey == "SHA256:seen" } ?? true,
        "who a machine is says the connection")
    expect(adopted.strategy.pauseSeconds == 0 && adopted.rollsBack == nil, "a record decides about its machine alone")
    let isRecovering = (try? state.apply(.recovering(holder: "e1"), node: nil)) != nil
    expect(isRecovering, "what was adopted can be recovered")
    finish(&state, limit: 400)
}

extension Place {
    fileprivate static let allOfFuzzing: [Place] = [.node, .cluster]
}

private func piece(_ place: Place, of plan: Plan, _ node: NodePlan, _ pieces: [[UInt8]]) -> AdoptedRecord.Piece? {
    guard var host = node.host(at: place) else { return nil }
    host.identity.hostKey = "SHA256:seen"
    let marks = Set(pieces[3])
    func has(_ mark: Character) -> Bool { mark.asciiValue.map(marks.contains) ?? false }
    var lines = [frame("head", ["boot-a", "7", "m", plan.id, ""].map { Array($0.utf8) })]
    lines += [frame("base", ["disk", "1", "\(plan.id) 1 alice boot-a 9 t"].map { Array($0.utf8) })]
    lines += [frame("run", [Array("disk".utf8)])]
    lines += [file("plan", Array(String(repeating: "ab", count: 32).utf8)), file("plan.json", pieces[0])]
    if place == .node {
        let names = [("t", "token"), ("w", "won"), ("f", "fired")].filter { has($0.0) }.map { "deadman.\($0.1)" }
        lines += names.map { file($0, []) } + (has("r") ? [file("deadman.result", Array("0".utf8))] : [])
        if has("m") { lines.append(file("remade", [])) }
    }
    for index in node.steps.indices.prefix(2) where node.steps[index].place == place && has(index == 0 ? "0" : "1") {
        let folder = "steps/0\(index)-"
        lines += [
            file(folder + "apply/started", Array("boot-a".utf8)), file(folder + "apply/before.json", pieces[1 + index]),
        ]
        if has("a") { lines.append(file(folder + "apply/result", Array("0 0 boot-a".utf8))) }
        if has("x") { lines.append(file(folder + "apply/result", Array("1 0 boot-a".utf8))) }
        if has("u") { lines.append(file(folder + "undo1/started", Array("boot-a".utf8))) }
        if has("d") { lines.append(file(folder + "undo1/result", Array("1".utf8))) }
    }
    let printed = Array((lines.joined() + "\(nonce) end\n").utf8)
    return (try? RecordContents(parsing: printed, nonce: nonce)).map {
        AdoptedRecord.Piece(place: place, host: host, contents: $0)
    }
}
