import Engine
import TransparencyLog
import WitnessStandIn

/// Witnesses by their address, without network.
actor FakeWitnesses: WitnessService {
    /// What one does instead of answering as it should.
    enum Manner: Sendable {
        case honest, wrongSignature, otherKey, silent
        case answers(WitnessAnswer)
    }

    struct Unreachable: Error, CustomStringConvertible { let description = "nobody is there" }

    nonisolated let keys: [SigningKey]
    private var witnesses: [TestWitness]
    private var manners: [Manner]
    private(set) var oldSizes: [[UInt64]]
    private var time: UInt64 = 1_760_000_000

    init(_ count: Int, log: VerifierKey) throws {
        keys = try (0..<count).map {
            try SigningKey(name: "w\($0)", type: .witness, seed: Array(repeating: UInt8($0 + 1), count: 32))
        }
        witnesses = keys.map { TestWitness(key: $0, logs: [log]) }
        manners = keys.map { _ in .honest }
        oldSizes = keys.map { _ in [] }
    }

    /// `threshold` of all.
    nonisolated func policy(_ threshold: String) throws -> WitnessPolicy {
        let names = keys.indices.map { "w\($0)" }
        let lines = keys.indices.map { "witness w\($0) \(keys[$0].verifier) \($0)\n" }.joined()
        return try WitnessPolicy(
            Array("\(lines)group g \(threshold) \(names.joined(separator: " "))\nquorum g\n".utf8))
    }

    func set(_ index: Int, _ manner: Manner) { manners[index] = manner }

    func addCheckpoint(_ request: WitnessRequest, at prefix: String) async throws -> WitnessAnswer {
        guard let index = Int(prefix), keys.indices.contains(index) else { throw Unreachable() }
        oldSizes[index].append(try Request(request.body).oldSize)
        time += 1
        switch manners[index] {
        case .silent:
            try await Task.sleep(for: .seconds(3600))
            throw Unreachable()
        case .answers(let answer): return answer
        case .honest, .wrongSignature, .otherKey: break
        }
        let response = try witnesses[index].addCheckpoint(request.body, at: time)
        let answer = try WitnessAnswer(
            status: response.status, contentType: response.contentType, body: response.body)
        guard case .cosigned = answer else { return answer }
        let checkpoint = try Checkpoint(text: Request(request.body).note.text)
        switch manners[index] {
        case .wrongSignature:
            let older = try Checkpoint(origin: checkpoint.origin, size: 0, root: Merkle.emptyRoot)
            let line = try Cosignature(of: older, at: time, by: keys[index]).line(by: keys[index].verifier)
            return .cosigned([line])
        case .otherKey:
            let other = try SigningKey(name: "w\(index)", type: .witness, seed: Array(repeating: 99, count: 32))
            return .cosigned([try Cosignature(of: checkpoint, at: time, by: other).line(by: other.verifier)])
        default: return answer
        }
    }
}
