public import Core

extension Belay {
    /// What the policies would say of a plan that nobody has made.
    public struct Explained: Sendable {
        /// What would be done.
        public var plan: Plan
        /// All policies in effect.
        public var policies: PolicySet
        /// What they say of planning it.
        public var planning: Explanation
        /// What they say of applying it as things are, with nobody's approval.
        public var applying: Explanation
    }

    /// Looks at the nodes and judges as ``plan(runbook:nodes:parameters:reason:key:file:)`` does, but signs nothing, leaves no file,
    /// and appends nothing to the log.
    /// - Parameter key: whose private key would sign; only its public half is read.
    public func explain(
        runbook name: String, nodes names: [String], parameters: [String: String], key: String?
    ) async throws -> Explained {
        let (draft, precondition) = try draft(of: name, nodes: names, parameters, nil)
        let prepared = try await prepare(draft, key: key, precondition)
        let digest = Digest.sha256(try JSON.encodePretty(prepared.plan))
        var input = try await input(
            .plan, of: prepared.plan, digest, by: prepared.requester.principal, prepared.sighting,
            for: prepared.policies)
        let planning = prepared.policies.explain(input)
        input.phase = .execute
        return Explained(
            plan: prepared.plan, policies: prepared.policies, planning: planning,
            applying: prepared.policies.explain(input))
    }
}
