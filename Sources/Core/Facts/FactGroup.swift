public import CEL

/// A field of facts as expressions name it.
public struct FactField: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// What its value is; where it cannot be told it is an error with the cause.
    public let type: CELType
    /// What it is, in which unit, and where it is read from.
    public let about: String

    init(_ name: String, _ type: CELType, _ about: String) {
        self.name = name
        self.type = type
        self.about = about
    }
}

/// Facts that are asked and read together: `facts.NAME`.
///
/// Their values are CEL's own, since rules, `belay facts` and its JSON are all that read them. They have the declared types,
/// whatever a node answers; what cannot be told is an error value with its cause.
struct FactGroup: Sendable {
    /// The field of `facts`.
    let field: FactField
    /// The messages that its values are made of, by name.
    let messages: [String: [FactField]]
    /// What the node is asked.
    let questions: [FactQuestion]
    /// Reads the answers to ``questions``, in their order. Missing ones make their facts unknown.
    let read: @Sendable (FactAnswers) -> Value

    /// A group whose questions are answered by a ``FactReport``.
    init(
        _ name: String, _ type: CELType, _ about: String, messages: [String: [FactField]], questions: [FactQuestion]
    ) {
        self.init(name, type, about, messages: messages, questions: questions) { FactReport($0) }
    }

    /// A group whose answers are made into a ``FactReport`` first.
    init(
        _ name: String, _ type: CELType, _ about: String, messages: [String: [FactField]], questions: [FactQuestion],
        report: @escaping @Sendable (FactAnswers) -> FactReport
    ) {
        field = FactField(name, type, about)
        self.messages = messages
        self.questions = questions
        read = { answers in FactReading(messages: messages, report: report(answers)).value(of: name, type) }
    }
}

/// A read-only command, how much of its output is kept, and how long it may wait.
struct FactQuestion: Sendable {
    /// What a question waits for when it hangs.
    enum Peer: Sendable, CaseIterable {
        /// Nothing: it always takes its time.
        case sample
        /// What may hang: one of them at a time is what a probe is made to bear.
        case runtime, api, dns, systemd, journal, packages, disks, firewall, kubelet
    }

    let command: Command
    /// Bytes that are kept. Scripts bound what they print themselves, so that a part of it is worth having.
    let limit: Int
    /// The longest it waits, in seconds, and for what; nil for files of the kernel and the like.
    let waits: (seconds: Double, peer: Peer)?

    /// A command whose whole output is the answer.
    init(_ command: Command, limit: Int, waits: (seconds: Double, peer: Peer)? = nil) {
        self.command = command
        self.limit = limit
        self.waits = waits
    }

    /// A fixed POSIX shell text that prints a ``FactReport``. Its `$1` is put before every path that it reads: empty, but for
    /// tests on layouts of other systems.
    init(_ script: StaticString, limit: Int) { self.init(.shell(script, [""]), limit: limit) }

    /// The same, of a script that may wait so many seconds.
    init(_ script: StaticString, limit: Int, waits seconds: Double, for peer: Peer) {
        self.init(.shell(script, [""]), limit: limit, waits: (seconds, peer))
    }
}

/// What a node answered to the questions of a group.
struct FactAnswers {
    let answers: Answers
    /// When the node was asked, by this machine's clock.
    let now: Timestamp
    /// The index of the group's first question among all.
    let first: Int
    let questions: [FactQuestion]

    /// The output of a question as text, or why there is none.
    func text(_ question: Int) -> Fact<String> {
        answers.text(at: first + question, accepts: questions[question].command.accepts)
    }

    /// As much as came, whatever became of the command, and why that may not be all.
    func part(_ question: Int) -> (text: String, fault: String?) {
        answers.part(at: first + question, accepts: questions[question].command.accepts)
    }
}

extension Fact {
    /// The value changed.
    func map<T>(_ transform: (Value) -> T) -> Fact<T> { flatMap { .known(transform($0)) } }
}
