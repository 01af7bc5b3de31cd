/// Someone who asks or approves. Who it is follows from the key that signed, never from a name someone typed.
public struct Principal: Codable, Sendable, Hashable {
    /// People approve; automation may only ask for what a grant lists.
    public enum Kind: String, Codable, Sendable {
        /// A person.
        case human
        /// A program: its line in the allowed-signers file has `group:automation`.
        case automation
    }

    /// The name in the allowed-signers file.
    public var name: String
    /// Its groups, sorted.
    public var groups: [String]
    /// A person or a program.
    public var kind: Kind

    /// Collects the parts.
    public init(name: String, groups: [String], kind: Kind) {
        self.name = name
        self.groups = groups.sorted()
        self.kind = kind
    }
}

/// What signatures are for: part of what is signed, so that one made for another purpose proves nothing here.
public enum SignatureNamespace {
    /// The requester's signature over the plan's bytes.
    public static let plan = "belay-plan@v1"
    /// An approver's signature over the bytes of an ``ApprovalStatement``.
    public static let approval = "belay-approval@v1"
    /// A person's signature over the bytes of a ``Resolution``.
    public static let resolution = "belay-resolution@v1"
    /// The requester's signature over the bytes of a ``BreakGlassStatement``.
    public static let breakGlass = "belay-break-glass@v1"
    /// A person's signature over the bytes of a ``Review``.
    public static let review = "belay-review@v1"
    /// A person's signature over the bytes of a ``Keeping``.
    public static let keeping = "belay-keep@v1"
}

/// Why a signature, or what it is about, is not accepted.
public struct SignatureRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// What sort of reason it is.
    public enum Code: String, Sendable {
        /// The bytes are no SSH signature, key or statement.
        case malformed
        /// Signed for another purpose.
        case wrongNamespace
        /// The key is not in the allowed-signers file.
        case unknownKey
        /// The key is there, but not at this time or not for this purpose.
        case notAllowed
        /// The statement and its signature do not belong together.
        case mismatch
    }

    /// What sort of reason it is.
    public var code: Code
    /// What is wrong.
    public var message: String
    /// What to do.
    public var remedy: String

    /// Says why, and what to do.
    public init(_ code: Code, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// Both sentences.
    public var description: String { "\(message). \(remedy)" }
}
