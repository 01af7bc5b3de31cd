/// The messages of ssh-agent that we send and read (draft-ietf-sshm-ssh-agent, section 3). Reading is pure and bounded:
/// an agent may be forwarded, and answer anything.
package enum AgentMessage {
    private static let requestIdentities: UInt8 = 11
    private static let identities: UInt8 = 12
    private static let signRequest: UInt8 = 13
    private static let signature: UInt8 = 14

    /// More keys than this are not looked at.
    static let maxKeys = 1000

    /// Asks for the keys.
    package static let identitiesRequest = [requestIdentities]

    /// Asks for a signature.
    package static func signRequest(_ data: [UInt8], with key: PublicKey) -> [UInt8] {
        [signRequest] + Wire.string(key.blob) + Wire.string(data) + Wire.uint32(0)
    }

    /// The keys in an answer, without those that cannot be read; nil when it is a refusal or makes no sense.
    package static func identities(in answer: [UInt8]) -> [PublicKey]? {
        var reader = WireReader(answer)
        guard reader.byte() == identities, let count = reader.uint32() else { return nil }
        var keys: [PublicKey] = []
        for _ in 0..<min(Int(count), maxKeys) {
            guard let blob = reader.string(), reader.string() != nil else { return nil }
            if let key = PublicKey(blob: blob) { keys.append(key) }
        }
        return keys
    }

    /// The signature's inner part in an answer, without the algorithm's name, which must be `type`; nil otherwise.
    package static func signature(in answer: [UInt8], type: String) -> [UInt8]? {
        var reader = WireReader(answer)
        guard reader.byte() == signature, let signature = reader.string() else { return nil }
        var inner = WireReader(signature)
        guard inner.text() == type, let bytes = inner.string(), inner.isAtEnd else { return nil }
        return bytes
    }
}
