import Foundation
import Testing

@testable import TransparencyLog

/// The project's known answers, `Fixtures/*.json`.
enum Vectors {
    static let merkle: MerkleVectors = load("merkle")
    static let note: NoteVectors = load("note")
    static let checkpoint: CheckpointVectors = load("checkpoint")
    static let tiles: TileVectors = load("tiles")
    static let cosignature: CosignatureVectors = load("cosignature")
    static let proof: ProofVectors = load("proof")
    static let witness: WitnessVectors = load("witness")

    private static func load<Value: Decodable>(_ name: String) -> Value {
        do {
            let folder = Bundle.module.bundleURL.appendingPathComponent("Fixtures")
            let bytes = try Data(contentsOf: folder.appendingPathComponent("\(name).json"))
            return try JSONDecoder().decode(Value.self, from: bytes)
        } catch {
            fatalError("Fixtures/\(name).json: \(error)")
        }
    }
}

struct MerkleVectors: Decodable {
    struct Leaf: Decodable { let data: String, hash: String }
    struct Node: Decodable { let left: String, right: String, hash: String }
    struct Root: Decodable, Sendable { let size: Int, root: String }
    struct Inclusion: Decodable, Sendable {
        let size: UInt64, index: UInt64, leaf_hash: String, root: String, proof: [String], valid: Bool
    }
    struct Consistency: Decodable, Sendable {
        let old: UInt64, new: UInt64, old_root: String, new_root: String, proof: [String], valid: Bool
    }
    let empty_root: String
    let leaf_hashes: [Leaf]
    let node: Node
    let reference_roots: [String]
    let decimal_roots: [Root]
    let inclusion: [Inclusion]
    let consistency: [Consistency]
}

struct TileVectors: Decodable {
    /// A number, or "entries".
    struct Level: Decodable, Sendable {
        let content: Tile.Content
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            content = (try? container.decode(Int.self)).map { .hashes(level: $0) } ?? .entries
        }
    }
    struct Path: Decodable, Sendable { let level: Level, index: UInt64, width: Int, path: String }
    struct File: Decodable, Sendable { let path: String, bytes: Int, sha256: String }
    struct Tree: Decodable, Sendable, CustomTestStringConvertible {
        let size: Int, count: Int?, tiles: [File]
        var testDescription: String { "\(size) entries" }
    }
    struct Bundle: Decodable, Sendable { let entries: [String], bundle: String }
    struct Longest: Decodable, Sendable { let prefix: String, sha256: String, leaf_hash: String }
    let paths: [Path]
    let bad_paths: [String]
    let trees: [Tree]
    let bundles: [Bundle]
    let bundle_len_65535: Longest
    let bad_bundles: [String]
}

struct Key: Decodable, Sendable {
    let name: String, seed: String, `public`: String, type: String, key_id: String, vkey: String, skey: String?
}

struct NoteVectors: Decodable {
    struct Note: Decodable, Sendable, CustomTestStringConvertible {
        let name: String, note: String?, note_hex: String, vkeys: [String], valid: Bool
        var testDescription: String { name }
    }
    let keys: [Key]
    let bad_vkeys: [String]
    let notes: [Note]
}

struct CheckpointVectors: Decodable {
    struct Body: Decodable, Sendable {
        let body: String, valid: Bool, origin: String?, size: UInt64?, root: String?, extensions: [String]?
    }
    let log_key: Key
    let bodies: [Body]
    let signed: String
}

struct CosignatureVectors: Decodable {
    struct Negative: Decodable, Sendable, CustomTestStringConvertible {
        let why: String, note: String
        var testDescription: String { why }
    }
    let witness_keys: [Key]
    let timestamp: UInt64
    let message_hex: String
    let signature_payload_hex: String
    let cosigned_checkpoint: String
    let negative: [Negative]
}

struct ProofVectors: Decodable {
    struct Negative: Decodable, Sendable, CustomTestStringConvertible {
        let why: String, proof: String
        var testDescription: String { why }
    }
    let leaf_data_hex: String, leaf_hash: String, index: UInt64, size: UInt64
    let log_vkey: String, witness_vkeys: [String], policy: String
    let proof: String, proof_with_extra: String, extra_hex: String
    let negative: [Negative]
}

struct WitnessVectors: Decodable {
    struct Request: Decodable, Sendable {
        let name: String, body: String, status: Int, response: String?, content_type: String?
    }
    let log_vkey: String
    let requests: [Request]
}

func hash(_ hex: String) -> TreeHash { TreeHash(Hex.decode(hex.utf8)!)! }

/// The leaves whose data is the decimal of their index.
func decimalLeaves(_ count: Int) -> [TreeHash] {
    (0..<count).map { Merkle.leaf(Array(String($0).utf8)) }
}
