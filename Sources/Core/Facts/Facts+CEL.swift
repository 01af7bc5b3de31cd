public import CEL

extension Facts {
    /// Declares the variable `facts` and the messages it is made of.
    public static func declare(in declarations: inout Declarations) { FactSchema.run.declare(in: &declarations) }

    /// The binding of the variable `facts`. What is not known is an error value with its path and cause.
    public var value: Value { value(naming: []) }

    /// The same; services named here that the node was not asked about are errors which say so.
    public func value(naming named: Set<String>) -> Value {
        var units = services.mapValues { $0 }
        for name in named where units[name] == nil {
            units[name] = .unknown("the node was not asked about this service")
        }
        let services = units.map { name, fact in
            (name, fact.value(at: "facts.services['\(Printable.escape(name, limit: 255))']", \.celValue))
        }
        return .message(
            name: "Facts",
            fields: [
                "services": .map(MapValue(Dictionary(uniqueKeysWithValues: services))),
                "kubelet": .message(
                    name: "Kubelet",
                    fields: ["healthz": kubelet.healthz.value(at: "facts.kubelet.healthz", Value.number)]),
                "firewall": firewall.celValue,
                "disks": disks.value(at: "facts.disks") { .map(MapValue($0.mapValues(\.celValue))) },
                "uptime": uptime.value(at: "facts.uptime", Value.duration),
                "machine": machine.celValue,
                "kubernetes": kubernetes.celValue,
            ])
    }
}

extension Fact {
    func value(at path: String, _ convert: (Value) -> CEL.Value) -> CEL.Value {
        switch self {
        case .known(let value): convert(value)
        case .unknown(let cause): .unknown(path: path, cause: cause)
        }
    }
}

extension Value {
    fileprivate static func number(_ number: Int) -> Value { .int(Int64(number)) }
}

extension Facts.Service {
    fileprivate var celValue: Value {
        .message(
            name: "Service",
            fields: [
                "loaded": .bool(loaded), "active": .bool(active), "state": .string(state), "enabled": .string(enabled),
                "mainPid": .number(mainPid), "restarts": .number(restarts), "stableFor": .duration(stableFor),
            ])
    }
}

extension Facts.Disk {
    fileprivate var celValue: Value {
        .message(
            name: "Disk",
            fields: [
                "usedPercent": .double(usedPercent), "inodesUsedPercent": .double(inodesUsedPercent),
                "freeBytes": .number(freeBytes),
            ])
    }
}

extension Facts.Firewall {
    fileprivate var celValue: Value {
        .message(
            name: "Firewall",
            fields: [
                "backend": backend.value(at: "facts.firewall.backend", Value.string),
                "inputPolicy": inputPolicy.value(at: "facts.firewall.inputPolicy", Value.string),
                "forwardPolicy": forwardPolicy.value(at: "facts.firewall.forwardPolicy", Value.string),
                "rules": rules.value(at: "facts.firewall.rules", Value.number),
            ])
    }
}

extension Facts.Machine {
    fileprivate var celValue: Value {
        let facts = [("id", id), ("bootId", bootId), ("hostname", hostname), ("os", os), ("kernel", kernel)]
        let fields = facts.map { name, fact in (name, fact.value(at: "facts.machine.\(name)", Value.string)) }
        return .message(name: "Machine", fields: Dictionary(uniqueKeysWithValues: fields))
    }
}
