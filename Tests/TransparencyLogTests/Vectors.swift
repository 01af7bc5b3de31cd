import Foundation
import Testing

@testable import TransparencyLog

/// The project's known answers, `Fixtures/*.json`.
enum Vectors {
    static let merkle: MerkleVectors = load("merkle")
    static let note: NoteVectors = load("note")
    static let checkpoint: CheckpointVectors = load("checkpoint")
    static let cosignature: CosignatureVectors = load("cosignature")

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

struct Key: Decodable, Sendable { let name: String, seed: String, key_id: String, vkey: String, skey: String }

struct NoteVectors: Decodable {
    struct Note: Decodable, Sendable, CustomTestStringConvertible {
        let name: String, note_hex: String, vkeys: [String], valid: Bool
        var testDescription: String { name }
    }
    let keys: [Key]
    let bad_vkeys: [String]
    let notes: [Note]
}

struct CheckpointVectors: Decodable {
    struct Body: Decodable, Sendable {
        let body: String, valid: Bool, origin: String?, size: UInt64?, root: String?, extensions: [String]?
        let go_accepts: Bool?
    }
    let log_key: Key
    let bodies: [Body]
    let signed: String
}

struct CosignatureVectors: Decodable { let cosigned_checkpoint: String }

func hash(_ hex: String) -> TreeHash { TreeHash(Hex.decode(hex.utf8)!)! }

/// The leaves whose data is the decimal of their index.
func decimalLeaves(_ count: Int) -> [TreeHash] {
    (0..<count).map { Merkle.leaf(Array(String($0).utf8)) }
}
