/// What is fuzzed: one function for each parser of input that is not ours. It must return, whatever it is given, and what
/// it checks must hold for every input.
///
/// `./check-deep fuzz` searches for inputs that break it; those that reached new code are kept in Tests/Fuzz/corpus, in a
/// folder of the target's name, and each test run tries them again.
public enum FuzzTargets {
    /// Takes one input.
    public typealias Target = @Sendable ([UInt8]) -> Void

    /// By name.
    public static let all: [String: Target] = [
        "known-hosts": knownHosts,
        "fingerprints": fingerprints,
        "agent": agent,
        "private-key": privateKey,
        "ssh-config": sshConfig,
        "inventory": ownInventory,
        "ansible": ansible,
        "kubernetes": kubernetes,
        "selector": selector,
        "cel": cel,
        "cel-tree": celTree,
    ]
}

/// A property that an input has broken.
func expect(_ holds: Bool, _ property: String) {
    if !holds { fatalError("broken: \(property)") }
}
