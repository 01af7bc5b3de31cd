import Glibc

/// Which way of breaking the run machine is on in this process. Only the copy that `./check-deep mutants` makes has it.
public enum Mutant {
    private static let chosen = getenv("BELAY_MUTANT").map { String(cString: $0) }

    /// Whether it is the one of this name.
    public static func isOn(_ name: String) -> Bool { name == chosen }
}
