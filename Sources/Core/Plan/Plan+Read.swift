extension Plan {
    /// The longest time that anything in a plan may take, in seconds.
    static let mostSeconds = 366 * 86_400
    private static let mostNodes = 1_000_000

    /// Reads a plan's bytes, whoever made them: its numbers are such that nothing which is reckoned from them overflows.
    /// - Throws: what decoding throws.
    public init(bytes: [UInt8]) throws {
        self = try JSON.decode(Plan.self, from: bytes)
        let nodes = [strategy.canary, strategy.maxUnavailable, strategy.failureBudget]
        let seconds = [strategy.pauseSeconds] + self.nodes.flatMap(\.limits)
        guard nodes.allSatisfy((0...Self.mostNodes).contains), seconds.allSatisfy((0...Self.mostSeconds).contains),
            temporarySeconds.map(Temporary.seconds.contains) ?? true, isOnNodeSound
        else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "the plan has limits that no plan has"))
        }
    }

    // What is given back has its time, and what is taken from the nodes is another run's.
    private var isOnNodeSound: Bool {
        switch onNode {
        case .returns: temporarySeconds != nil && rollsBack == nil
        case .takes: rollsBack != nil
        case nil: true
        }
    }
}

extension NodePlan {
    fileprivate var limits: [Int] {
        steps.map(\.timeoutSeconds) + (preconditions + allChecks()).map(\.withinSeconds)
            + [deadManSeconds].compactMap(\.self)
    }
}
