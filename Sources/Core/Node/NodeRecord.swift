/// Where Belay keeps what a run has done on a node, so that the node can save itself and another machine can recover it.
///
///     /var/lib/belay/lease                     who may write: run, epoch, holder, boot id, expiry (seconds of uptime), ticket
///     /var/lib/belay/epoch                     the last epoch granted, never lowered
///     /var/lib/belay/spent/<plan digest>       plans that were run here (law 4), and how that ended
///     /var/lib/belay/<run>/plan                digest of the whole plan
///     /var/lib/belay/<run>/plan.json           the plan reduced to this node
///     /var/lib/belay/<run>/prior               ended runs whose records go when this one's goes
///     /var/lib/belay/<run>/remade              made by a recovery that found no record: what ran before is not known
///     /var/lib/belay/<run>/deadman.token       renamed to .won (disarmed) or .fired: the one atomic decision
///     /var/lib/belay/<run>/steps/<n>-<kind>/   run.sh undo.sh before.json cuts started pid at out result
///     /var/lib/belay/due/<run>/                what the node gives back by itself of a run that has ended (``NodeReturnScript``):
///                                              run.sh clock steps/<n>/, due.token renamed to .taken or .fired, result out
///     /var/lib/belay/for/<target>/…            the same again for what runs here and is about another node
///     /run/belay/…                             the same again in memory, for a node whose disk is full
///     /run/belay/lock                          flock: one write script at a time (beside the lease where /run is a disk)
public enum NodeRecord {
    /// The root of everything; mode 0700, owned by root.
    public static let root = "/var/lib/belay"
    /// The root of what lies in memory, and of the locks.
    public static let memoryRoot = "/run/belay"

    /// What ties a write to its run and to the lease it was made under.
    public struct Fence: Sendable, Hashable {
        /// The run's id, see ``NodeRecord/isRun(_:)``; also part of unit names.
        public var run: String
        /// The lease's epoch; a script with another epoch than the node's writes nothing.
        public var epoch: Int
        /// The node that the step is about, where that is not the one it runs on; nil for a node's own record.
        public var target: String?
        /// Where records lie on a machine that is nobody's node: the operator's own, used without root's rights. There is
        /// none in memory then.
        public var folder: String?

        /// Names a run, an epoch and, for a step that runs on another host, its target and the folder there.
        public init(run: String, epoch: Int, target: String? = nil, folder: String? = nil) {
            self.run = run
            self.epoch = epoch
            self.target = target
            self.folder = folder
        }

        /// The folder of the record's lease and runs.
        public var base: String { NodeRecord.base(folder ?? NodeRecord.root, target) }
        /// The same in memory.
        public var memoryBase: String { NodeRecord.base(NodeRecord.memoryRoot, target) }
        /// What the names of this run's units begin with. No run and no target has a `_`, so no two of them meet.
        public var unit: String { "belay-\(run)" + (target.map { "_\($0)" } ?? "") }
    }

    static func base(_ root: String, _ target: String?) -> String { target.map { "\(root)/for/\($0)" } ?? root }

    /// Whether a text can be a run's id: `[a-z0-9-]`, led by a letter or digit, at most 64 bytes.
    public static func isRun(_ text: String) -> Bool {
        isName(text, limit: 64) { $0 == UInt8(ascii: "-") }
    }

    /// Whether a text can be a record's target, a DNS name: `[a-z0-9.-]`, led by a letter or digit, at most 128 bytes, so
    /// that a unit's name stays within systemd's 255.
    public static func isTarget(_ text: String) -> Bool {
        isName(text, limit: 128) { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private static func isName(_ text: String, limit: Int, _ isOther: (UInt8) -> Bool) -> Bool {
        func isWord(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let bytes = text.utf8
        return (1...limit).contains(bytes.count) && bytes.first.map(isWord) == true
            && bytes.allSatisfy { isWord($0) || isOther($0) }
    }
}
