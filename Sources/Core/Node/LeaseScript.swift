/// Taking and giving back a node: one lease a node, fenced by an epoch that only grows.
public enum LeaseScript {
    /// A script that takes the lease for a run, or says who holds it.
    ///
    /// A lease of another run stands while that run left a record on the node (a step unfinished, a dead-man armed, an undo
    /// not done): then only `recover` of *that* run may go on. Without a record it stands until its expiry on the node's clock.
    /// - Parameters:
    ///   - machineID: the machine the plan was made for; another one is refused.
    ///   - holder: who asks, for the message the next one reads; spaces are not allowed in it.
    ///   - seconds: how long the lease lasts on the node's monotonic clock.
    ///   - succeeding: the ended run that this one rolls back: its record is taken over, unless a dead-man is still armed in it.
    ///   - recovering: true when the run's own record is being recovered: a higher epoch fences off its first executor.
    public static func acquire(
        run: String, planSha256: String, machineID: String, holder: String, seconds: Int,
        succeeding: String? = nil, recovering: Bool
    ) -> String {
        """
        \(NodeRecord.prelude(run: run))
        [ "$(cat /etc/machine-id)" = \(ShellQuote.quote(machineID)) ] || { say refused another machine answers at this address; exit 0; }
        lock
        prior=\(ShellQuote.quote(succeeding ?? ""))
        read -r lrun lepoch lholder lboot lexpiry <"$B/lease" 2>/dev/null
        if [ -n "$prior" ] && [ "${lrun-}" = "$prior" ] && [ ! -e "$B/$prior/deadman.token" ]; then lrun=; fi
        if [ -n "${lrun-}" ] && [ "$lrun" != "$RUN" ]; then
          if [ -d "$B/$lrun" ]; then say refused unfinished "$lrun" "$lholder"; exit 0; fi
          if [ "$lboot" = "$(boot)" ] && [ "$(up)" -lt "$lexpiry" ]; then say refused held "$lrun" "$lholder"; exit 0; fi
        fi
        if [ \(recovering ? "recovering" : "starting") = starting ] && [ -e "$B/spent/\(planSha256)" ]; then
          # Asked again after a lost answer: the lease is already ours.
          [ "${lrun-}" = "$RUN" ] && [ "$lholder" = \(ShellQuote.quote(holder)) ] && { say granted "$lepoch"; exit 0; }
          say refused spent; exit 0
        fi
        e=$(cat "$B/epoch" 2>/dev/null || echo 0); e=$((e + 1))
        mkdir -p "$B/spent" "$R/steps" && echo "$e" | put "$B/epoch" &&
        echo "$RUN" | put "$B/spent/\(planSha256)" && echo \(planSha256) | put "$R/plan" &&
        echo "$prior" | put "$R/prior" &&
        echo "$RUN $e" \(ShellQuote.quote(holder)) "$(boot)" "$(( $(up) + \(seconds) ))" | put "$B/lease" ||
          { say refused disk; exit 0; }
        say granted "$e"

        """
    }

    /// A script that ends a run on a node: its record goes (the log has it), then its lease. Idempotent.
    public static func release(_ fence: NodeRecord.Fence) -> String {
        """
        \(NodeRecord.prelude(run: fence.run))
        lock
        if read -r lrun lepoch rest <"$B/lease" 2>/dev/null; then
          [ "$lrun" = "$RUN" ] && [ "$lepoch" = \(fence.epoch) ] || { say refused lease "$lrun" "$lepoch"; exit 0; }
        fi
        prior=$(cat "$R/prior" 2>/dev/null); [ -z "$prior" ] || rm -rf "$B/$prior"
        rm -rf "$R" && rm -f "$B/lease" && sync "$B" && say released || say refused disk

        """
    }

    /// A script that says what the node's record holds, changing nothing.
    public static func inspect(run: String) -> String {
        """
        \(ShellPrelude.environment)
        B=\(NodeRecord.root); R=\(NodeRecord.root)/\(run)
        [ -r "$B/lease" ] && printf 'lease %s\\n' "$(cat "$B/lease")"
        [ -d "$R" ] && echo record
        for t in token won fired result; do [ -e "$R/deadman.$t" ] && echo "deadman $t"; done
        exit 0

        """
    }
}
