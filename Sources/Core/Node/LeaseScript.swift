/// Taking and giving back a node: one lease a record, fenced by an epoch that only grows.
public enum LeaseScript {
    /// A script that takes the lease for a run, or says who holds it.
    ///
    /// A node is refused while another run left a record on it (a step unfinished, a dead-man armed, an undo not done): then
    /// only `recover` of *that* run may go on. A lease without a record stands until its expiry on the node's clock.
    /// - Parameters:
    ///   - target: the node it is about, where that is not the one the script runs on.
    ///   - folder: where records lie there, if not in ``NodeRecord/root``.
    ///   - planJSON: the plan reduced to this node, left in the record for whoever recovers from it.
    ///   - machineID: the machine the plan was made for; another one is refused.
    ///   - holder: who asks, for the message the next one reads; spaces are not allowed in it.
    ///   - ticket: unguessable, and this executor's alone: who asks again with it after a lost answer is granted again.
    ///   - seconds: how long the lease lasts on the node's monotonic clock.
    ///   - settled: runs that this log says have ended or were resolved: what they left is taken over and goes with this
    ///     run's record, unless a dead-man is still armed, or at work, in it.
    ///   - recovering: true when the run's own record is being recovered: a higher epoch fences off its first executor.
    ///   - above: the last epoch this log knows of; one that lay in memory is forgotten by a reboot, and never given twice.
    ///   - mayUseMemory: whether the record may lie in memory where the disk cannot be written.
    public static func acquire(
        run: String, target: String? = nil, folder: String? = nil, planSha256: String, planJSON: [UInt8],
        machineID: String, holder: String,
        ticket: String, seconds: Int, settled: [String] = [], recovering: Bool, above: Int = 0,
        mayUseMemory: Bool = false
    ) -> String {
        """
        \(NodeShell.prelude(NodeRecord.Fence(run: run, epoch: 0, target: target, folder: folder)))
        SHA=\(ShellQuote.quote(planSha256)); HOLDER=\(ShellQuote.quote(holder)); TICKET=\(ShellQuote.quote(ticket))
        [ "$(cat /etc/machine-id)" = \(ShellQuote.quote(machineID)) ] || { say refused another machine answers at this address; exit 0; }
        lock; held
        # With those that this run, being recovered, took over before.
        SETTLED=" "\(ShellQuote.quote(settled.filter(NodeRecord.isRun).joined(separator: " ")))" $(cat "$DISK/$RUN/prior" "$MEM/$RUN/prior" 2>/dev/null | tr '\\n' ' ') "
        settled() { case "$SETTLED" in *" $1 "*) ;; *) return 1 ;; esac; }
        \(recovering ? Self.ended : ":")
        \(standing)
        \(recovering ? ":" : spent)
        \(taking(planJSON, seconds: seconds, recovering: recovering))
        e=\(above)
        for n in "$lepoch" $(cat "$MEM/epoch" "$DISK/epoch" 2>/dev/null); do [ "$n" -gt "$e" ] && e=$n; done
        e=$((e + 1))
        # A record stays where it is; what is in memory already needs no disk.
        if [ "$LOCK" = "$MEM" ] && [ -d "$MEM/$RUN" ] && [ ! -d "$DISK/$RUN" ] && take "$MEM"; then say granted "$e" memory
        elif take "$DISK"; then say granted "$e"
        elif \(mayUseMemory) && [ "$LOCK" = "$MEM" ] && take "$MEM"; then say granted "$e" memory
        else say refused disk; fi

        """
    }

    // What lies here of other runs: `prior` collects what may be taken over, anything else refuses.
    private static let standing = """
        armed() {
          [ -e "$1/deadman.token" ] && return
          [ -e "$1/deadman.fired" ] && [ ! -e "$1/deadman.result" ] && reverting "${1##*/}"
        }
        prior=
        for p in $PLACES; do
          for f in "$p"/*/plan; do
            [ -f "$f" ] || continue
            f=${f%/plan}; r=${f##*/}
            [ "$r" != "$RUN" ] || continue
            if settled "$r" && ! armed "$f"; then prior="$prior $r"; continue; fi
            if [ "$lrun" != "$r" ]; then lholder=somebody; fi
            say refused unfinished "$r" "$lholder"; exit 0
          done
          read -r a b c d x t 2>/dev/null <"$p/lease" || continue
          if [ "$a" = "$RUN" ] || settled "$a"; then continue; fi
          if [ -d "$p/$a" ]; then say refused unfinished "$a" "$c"; exit 0; fi
          if [ "$d" = "$(boot)" ] && [ "$(up)" -lt "$x" ]; then say refused held "$a" "$c"; exit 0; fi
        done
        """

    // A run that another log's executor brought to its end here has nothing left to take over: undoing it once more would
    // overwrite what was done to the node since (law 6).
    private static let ended = """
        for p in $PLACES; do
          known && break
          { read -r a; read -r a b c; } 2>/dev/null <"$p/spent/$SHA" && [ "$a" = ended ] && { say ended "$b" "$c"; exit 0; }
        done
        """

    private static let spent = """
        for p in $PLACES; do
          [ -e "$p/spent/$SHA" ] || continue
          if [ "$lrun" = "$RUN" ] && [ "$lticket" = "$TICKET" ]; then
            # Asked again after a lost answer: the lease is already ours.
            if [ "$B" = "$DISK" ]; then say granted "$lepoch"; else say granted "$lepoch" memory; fi; exit 0
          fi
          say refused spent; exit 0
        done
        """

    // Takes the lease in one place, or leaves nothing of it there. A lease in the other place goes before: after a reboot
    // it would count again. The record keeps other runs away meanwhile. Steps need room too: better refused now than then.
    private static func taking(_ planJSON: [UInt8], seconds: Int, recovering: Bool) -> String {
        """
        take() {
          B=$1 R=$1/$RUN news= newr=
          for p in $PLACES; do [ "$p" = "$B" ] || { rm -f "$p/lease" && [ ! -e "$p/lease" ]; } || return 1; done
          [ -e "$B/spent/$SHA" ] || news=1
          [ -d "$R" ] || newr=1
          remade=; \(recovering ? "known || remade=$e" : ":")
          record && return
          [ -z "$news" ] || rm -f "$B/spent/$SHA"
          [ -z "$newr" ] || rm -rf "$R"
          return 1
        }
        record() {
          rm -rf "$B"/.gone-*
          mkdir -p "$B/spent" "$R/steps" && room && echo "$e" | put "$B/epoch" && echo "$RUN" | put "$B/spent/$SHA" &&
            echo "$SHA" | put "$R/plan" && { [ -e "$(at plan.json)" ] || plan; } &&
            { cat "$DISK/$RUN/prior" "$MEM/$RUN/prior"; printf '%s\\n' $prior; } | put "$R/prior" &&
            { [ -z "$remade" ] || echo "$remade" | put "$R/remade"; } && sync "$B" &&
            echo "$RUN $e $HOLDER $(boot) $(( $(up) + \(seconds) )) $TICKET" | put "$B/lease"
        } 2>/dev/null
        room() {
          head -c \(roomNeeded) /dev/urandom >"$B/.room" && sync "$B/.room" && [ "$(wc -c <"$B/.room")" -eq \(roomNeeded) ]
          set -- $?; rm -f "$B/.room"; return "$1"
        }
        plan() { \(NodeShell.file("$R/plan.json", planJSON)); }
        """
    }

    private static let roomNeeded = 1 << 20

    /// A script that ends a run on a node: its record goes (the log has it), then its lease. Idempotent.
    ///
    /// How it ended stays behind beside the mark that the plan is spent, for an executor whose own log does not know.
    /// Refused while its dead-man is armed or at work: without the record nobody could win the token any more.
    /// - Parameters:
    ///   - verdict: the state that the node is in.
    ///   - holder: who says so, without spaces.
    public static func release(
        _ fence: NodeRecord.Fence, as verdict: Resolution.Verdict, by holder: String
    ) -> String {
        """
        \(NodeShell.prelude(fence))
        lock; held
        if known; then
          [ -n "$lrun" ] || { say refused lease none; exit 0; }
          [ "$lrun" = "$RUN" ] && [ "$lepoch" = \(fence.epoch) ] || { say refused lease "$lrun" "$lepoch"; exit 0; }
          [ ! -e "$(at deadman.token)" ] && { [ -e "$(at deadman.result)" ] || ! reverting "$RUN"; } || { say refused deadman; exit 0; }
          read -r sha 2>/dev/null <"$R/plan"
          # What must outlast a record in memory goes to the disk, if that can be written again.
          [ "$B" = "$DISK" ] || { mkdir -p "$DISK/spent" && echo "$lepoch" | put "$DISK/epoch"; } 2>/dev/null
          # Before the record goes, and not at the price of keeping the node: a full disk may hold what is spent, and no more.
          for p in $PLACES; do
            [ ! -d "$p/spent" ] || { printf '%s\\n' "$RUN" \(ShellQuote.quote("ended \(verdict.rawValue) \(holder)")) | put "$p/spent/$sha"; } 2>/dev/null
          done
          unboot "$UNIT" || { say refused disk; exit 0; }
          # One that was let fire before its time would find nothing left to run when that comes.
          [ ! -e "$(at deadman.fired)" ] || [ ! -d /run/systemd/system ] || timeout 10 systemctl stop "$UNIT-deadman.timer" 2>/dev/null
          for r in $(cat "$R/prior" 2>/dev/null); do
            unboot "belay-$r${UNIT#"belay-$RUN"}"
            for p in $PLACES; do rm -rf "$p/$r"; done
          done
          # By name at once, so that no crash leaves half a record to be read.
          for p in $PLACES; do
            [ -d "$p/$RUN" ] || continue
            rm -rf "$p/.gone-$RUN"; mv "$p/$RUN" "$p/.gone-$RUN" || { say refused disk; exit 0; }
          done
        elif [ "$lrun" = "$RUN" ] && [ "$lepoch" != \(fence.epoch) ]; then say refused lease "$lrun" "$lepoch"; exit 0
        fi
        for p in $PLACES; do
          [ "$lrun" != "$RUN" ] || rm -f "$p/lease" || { say refused disk; exit 0; }
          [ ! -d "$p" ] || sync "$p"
          rm -rf "$p/.gone-$RUN" "$p/$RUN.firing"
        done
        say released

        """
    }
}
