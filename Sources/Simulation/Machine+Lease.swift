import Core

/// As ``LeaseScript`` has it.
extension Machine {
    func acquire(_ request: LeaseRequest) -> String {
        guard identity.machineID == request.machineID else { return "refused another machine answers at this address" }
        var base = base(request.target)
        defer { bases[request.target ?? ""] = base }
        let (held, isKnown) = (base.held, base.place(of: request.run) != nil)
        if request.recovering, !isKnown, let ended = ended(request, base) { return ended }
        var prior: Set<String> = base.record(request.run)?.prior ?? []
        let settled = Set(request.settled).union(prior)
        if let refusal = standing(request, base, settled, &prior) { return refusal }
        if !request.recovering, base.memory.spent[request.planSha256] ?? base.disk.spent[request.planSha256] != nil {
            guard let held, held.lease.run == request.run, held.lease.ticket == request.ticket else {
                return "refused spent"
            }
            return "granted \(held.lease.epoch)" + (held.inMemory ? " memory" : "")
        }
        let epoch = max(request.above, held?.lease.epoch ?? 0, base.memory.epoch, base.disk.epoch) + 1
        let staysInMemory = base.memory.runs[request.run] != nil && base.disk.runs[request.run] == nil
        guard let inMemory = staysInMemory ? true : !diskIsFull ? false : request.mayUseMemory ? true : nil else {
            return "refused disk"
        }
        take(request, epoch, inMemory, prior, isKnown, &base)
        return "granted \(epoch)" + (inMemory ? " memory" : "")
    }

    private func ended(_ request: LeaseRequest, _ base: SimBase) -> String? {
        for store in [base.memory, base.disk] {
            if let ending = store.spent[request.planSha256]?.ending {
                return "ended \(ending.verdict.rawValue) \(ending.by)"
            }
        }
        return nil
    }

    private func standing(
        _ request: LeaseRequest, _ base: SimBase, _ settled: Set<String>, _ prior: inout Set<String>
    ) -> String? {
        for store in [base.memory, base.disk] {
            for (run, record) in store.runs.sorted(by: { $0.key < $1.key }) where run != request.run {
                let isArmed =
                    record.deadMan?.token == .armed || record.deadMan?.token == .fired && isReverting(record)
                if settled.contains(run), !isArmed {
                    prior.insert(run)
                    continue
                }
                let held = base.held?.lease
                return "refused unfinished \(run) \(held?.run == run ? held?.holder ?? "" : "somebody")"
            }
            guard let lease = store.lease, lease.run != request.run, !settled.contains(lease.run) else { continue }
            if store.runs[lease.run] != nil { return "refused unfinished \(lease.run) \(lease.holder)" }
            if lease.boot == boot, uptime < lease.expiry { return "refused held \(lease.run) \(lease.holder)" }
        }
        return nil
    }

    private func take(
        _ request: LeaseRequest, _ epoch: Int, _ inMemory: Bool, _ prior: Set<String>, _ isKnown: Bool,
        _ base: inout SimBase
    ) {
        base[inMemory: !inMemory].lease = nil
        var store = base[inMemory: inMemory]
        store.epoch = epoch
        if store.spent[request.planSha256] == nil {
            store.spent[request.planSha256] = SimStore.Spent(run: request.run)
        }
        // Of a record on a disk that is full now the lease alone goes to memory.
        let stays = inMemory && base.disk.runs[request.run] != nil
        if !stays, store.runs[request.run] == nil {
            store.runs[request.run] = SimRecord(planSha256: request.planSha256, plan: request.plan)
            store.runs[request.run]?.isRemade = request.recovering && !isKnown
        }
        store.lease = SimStore.Lease(
            run: request.run, epoch: epoch, holder: request.holder, boot: boot,
            expiry: uptime + Double(request.seconds), ticket: request.ticket)
        base[inMemory: inMemory] = store
        base.change(request.run) { $0.prior = prior }
    }

    func release(_ fence: NodeRecord.Fence, _ verdict: Resolution.Verdict, _ holder: String) -> String {
        var base = base(fence.target)
        defer { bases[fence.target ?? ""] = base }
        let lease = base.held?.lease
        if let record = base.record(fence.run) {
            if let refusal = refusal(fence) { return refusal }
            let isSettling = record.deadMan?.status == nil && isReverting(record)
            if record.deadMan?.token == .armed || isSettling { return "refused deadman" }
            for inMemory in [true, false] {
                if base[inMemory: inMemory].spent[record.planSha256] != nil || !inMemory && !diskIsFull {
                    base[inMemory: inMemory].spent[record.planSha256] = SimStore.Spent(
                        run: fence.run, ending: (verdict, holder))
                }
                for run in record.prior.union([fence.run]) { base[inMemory: inMemory].runs[run] = nil }
            }
        } else if lease?.run == fence.run, lease?.epoch != fence.epoch {
            return "refused lease \(fence.run) \(lease?.epoch ?? 0)"
        }
        if lease?.run == fence.run {
            base.memory.lease = nil
            base.disk.lease = nil
            // What must outlast a record in memory goes to the disk.
            base.disk.epoch = max(base.disk.epoch, lease?.epoch ?? 0)
        }
        return "released"
    }
}
