/// Reading what runs have left on a node, from any machine; nothing is changed and no lock is taken.
///
/// Every value crosses as base64 behind a random nonce, cut at a limit of its own on the node, and the last line says that
/// all of it came: a node cannot forge half an answer into a whole one, or flood us.
public enum RecordScript {
    /// What runs and leases lie on this node: its own, those in memory, and those of other nodes (`for/<target>`).
    /// Read by ``RecordListing/init(parsing:nonce:)``.
    /// - Parameter folder: where records lie there, if not in ``NodeRecord/root``.
    public static func list(folder: String? = nil, nonce: String) -> String {
        """
        \(prelude(NodeRecord.Fence(run: "", epoch: 0, folder: folder), nonce))
        look() {
          [ -d "$2" ] || return
          frame base "$1" "$3" "$(head -c 64 "$2/epoch" 2>/dev/null)" "$(head -c 1024 "$2/lease" 2>/dev/null)"
          for f in "$2"/*/plan; do
            [ -f "$f" ] || continue
            d=${f%/plan} s=none
            for t in token won fired; do [ -e "$d/deadman.$t" ] && s=$t; done
            frame run "$1" "$3" "${d##*/}" "$(head -c 128 "$f")" "$s"
          done
        }
        {
          frame head "$(boot)" "$(cut -d. -f1 /proc/uptime)" "$(head -c 64 /etc/machine-id)"
          for p in $PLACES; do
            # Who may not read it must not say that nothing is there.
            [ ! -e "$p" ] || [ -r "$p" ] || exit 1
            if [ "$p" = "$DISK" ]; then w=disk; else w=memory; fi
            look $w "$p" ''
            for d in "$p"/for/*/; do [ ! -d "$d" ] || { d=${d%/}; look $w "$d" "${d##*/}"; }; done
          done
          echo "$NONCE end"
        } | head -c \(listLimit)

        """
    }

    /// Everything that recovering a run needs. Read by ``RecordContents/init(parsing:nonce:)``.
    /// - Parameters:
    ///   - target: the node it is about, where that is not the one the script runs on.
    ///   - folder: where records lie there, if not in ``NodeRecord/root``.
    public static func read(run: String, target: String?, folder: String? = nil, nonce: String) -> String {
        """
        \(prelude(NodeRecord.Fence(run: run, epoch: 0, target: target, folder: folder), nonce))
        piece() {
          [ -f "$p/$RUN/$2" ] || return
          printf '%s file %s %s %s ' "$NONCE" $w "$(printf %s "$2" | b64)" "$(wc -c <"$p/$RUN/$2")"
          $1 -c "$3" "$p/$RUN/$2" | b64; echo
        }
        {
          frame head "$(boot)" "$(cut -d. -f1 /proc/uptime)" "$(head -c 64 /etc/machine-id)" "$RUN" \(ShellQuote.quote(target ?? ""))
          for p in $PLACES; do
            if [ "$p" = "$DISK" ]; then w=disk; else w=memory; fi
            frame base $w "$(head -c 64 "$p/epoch" 2>/dev/null)" "$(head -c 1024 "$p/lease" 2>/dev/null)"
            [ ! -d "$p/$RUN" ] || frame run $w
            for f in plan remade deadman.token deadman.boot deadman.won deadman.fired deadman.result; do piece head $f 1024; done
            piece head plan.json \(RecordContents.planLimit); piece tail deadman.out 16384
            n=0
            for d in "$p/$RUN"/steps/*/; do
              d=${d%/}; d=steps/${d##*/}; n=$((n + 1))
              [ $n -le \(RecordContents.stepLimit + 1) ] || break
              for f in cuts started at result; do piece head "$d/$f" 1024; done
              for f in before.json undo.sh; do piece head "$d/$f" \(RecordContents.fileLimit); done
              piece tail "$d/out" 16384
            done
          done
          echo "$NONCE end"
        } | head -c \(readLimit)

        """
    }

    /// How a run whose record is gone ended there, by the mark that its release left. Read by ``readEnding(_:nonce:)``.
    /// - Parameter planSha256: of the whole plan, 64 hex digits.
    public static func ending(planSha256: String, target: String?, folder: String? = nil, nonce: String) -> String {
        """
        \(prelude(NodeRecord.Fence(run: "", epoch: 0, target: target, folder: folder), nonce))
        for p in $PLACES; do
          f=$p/spent/\(ShellQuote.quote(planSha256))
          [ ! -f "$f" ] || frame spent "$(head -c 1024 "$f")"
        done
        echo "$NONCE end"

        """
    }

    /// Reads what ``ending(planSha256:target:folder:nonce:)`` printed; nil where the plan was not spent or has not ended.
    /// - Throws: ``ObservationError`` when it is not whole or no script of ours prints that.
    public static func readEnding(
        _ printed: [UInt8], nonce: String
    ) throws(ObservationError) -> (verdict: Resolution.Verdict, by: String)? {
        for frame in try RecordFrames(printed, nonce: nonce).frames {
            let lines = try RecordFrames.texts(frame, 1)[0].split(separator: "\n")
            let words = lines.dropFirst().first?.split(separator: " ").map(String.init) ?? []
            guard words.count == 3, words[0] == "ended", let verdict = Resolution.Verdict(rawValue: words[1]) else {
                continue
            }
            return (verdict, words[2])
        }
        return nil
    }

    private static let listLimit = 4 << 20
    private static let readLimit = 48 << 20

    private static func prelude(_ fence: NodeRecord.Fence, _ nonce: String) -> String {
        """
        \(NodeShell.places(fence))
        NONCE=\(ShellQuote.quote(nonce))
        b64() { base64 | tr -d '\\n'; }
        frame() {
          printf '%s %s' "$NONCE" "$1"; shift
          for x do printf ' %s' "$(printf %s "$x" | b64)"; done
          echo
        }
        """
    }
}
