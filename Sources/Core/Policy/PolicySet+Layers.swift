extension PolicySet {
    /// Loads the machine's policies and a project's as one set, with the params in effect.
    ///
    /// A project's policies can only deny more, so it may add any; it may not touch what the machine brings. A name is taken
    /// once, params of the machine's policies are the machine's, and where the machine grants no project does.
    /// - Parameters:
    ///   - system: the files of the machine's folders.
    ///   - project: the files of the project's folders.
    ///   - alongside: as of ``load(_:params:alongside:)``.
    /// - Throws: everything wrong in all files, and every attempt of the project's, with its place.
    public static func load(
        system: [(file: String, bytes: [UInt8])], project: [(file: String, bytes: [UInt8])],
        of configuration: Configuration, alongside: [String] = []
    ) throws(Diagnostics) -> PolicySet {
        // The machine's first: of two that bear a name the later one is at fault.
        let set: PolicySet
        do {
            set = try load(system + project, params: configuration.params, alongside: alongside)
        } catch {
            throw Diagnostics(error.all.map(configuration.placing))
        }
        let common = Set(system.map(\.file))
        let faults =
            set.grants(beside: common)
            + set.policies.filter { common.contains($0.location.file) }.flatMap { configuration.faults(about: $0) }
        guard faults.isEmpty else { throw Diagnostics(faults) }
        return set
    }

    private func grants(beside common: Set<String>) -> [Diagnostic] {
        guard let grant = grants.first(where: { common.contains($0.location.file) }) else { return [] }
        return grants.filter { !common.contains($0.location.file) }.map {
            Diagnostic(
                "a project grants nothing where the machine does (\(grant.location))", at: $0.location,
                remedy: "Have the machine's administrator add the grant there")
        }
    }
}

extension Configuration {
    /// A fault of a param, with the place of the param.
    fileprivate func placing(_ fault: Diagnostic) -> Diagnostic {
        guard fault.location.file.isEmpty, let place = origin(of: fault.field).place else { return fault }
        var fault = fault
        fault.location = place
        return fault
    }

    /// The params of a policy of the machine's that the project sets.
    fileprivate func faults(about policy: Policy) -> [Diagnostic] {
        (params[policy.name] ?? [:]).keys.sorted().compactMap { key in
            let name = "params.\(policy.name).\(key)"
            let (layer, place) = origin(of: name)
            guard layer == .project, let place else { return nil }
            return Diagnostic(
                "the policy is the machine's (\(policy.location)), and so are its params", at: place, field: name,
                remedy: "Have the machine's administrator set it in \(ConfigurationLayer.systemFile)")
        }
    }
}
