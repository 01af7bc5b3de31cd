import Core
import RandomStates

/// Processes with odd words, environments, folders, users and outputs, under nobody and under a supervisor, and what cannot be
/// started again.
enum ProcessStates {
    static let restart: StateGenerator = { random in
        let kind = random.pick(kinds)
        // What `sleep` takes, and what a script does.
        let words = kind.isScript ? (0..<random.number(0...3)).map { _ in random.oddWord() } : ["1000", "0.5", "0s"]
        let environment = random.some(of: [
            "A=b c", "Q='\"$(touch /x)`id`\\", "E=", "U=ünï ❄", "L=two\nlines", "PATH=/usr/bin:/bin", "HOME=/nowhere",
            "LD_LIBRARY_PATH=/x", "name=x", "IFS=:", "belay=2", "LC_ALL=C",
        ])
        let folder = "/srv/law" + random.pick(["", " dir", "-ünï", "'s", "$x"])
        let user =
            random.chance(40)
            ? "setpriv --reuid 1234 --regid 2345 \(random.pick(["--clear-groups", "--groups 3,4"])) --" : ""
        let output = random.pick(["/dev/null", folder + "/out put", "&pipe"])
        return RandomState(
            arguments: ["name": .text("law-daemon"), "match": .text(kind.match)],
            prepare: """
                \(clean)
                set -e
                mkdir -m 755 -- \(quoted(folder))
                cd -- \(quoted(folder))
                printf '#!/bin/sh\\nwhile :; do sleep 1; done\\n' >law-daemon
                chmod 755 law-daemon
                cp /bin/sleep gone
                begin() {
                  umask \(random.pick(["022", "077", "002"]))
                  ulimit -Sn \(random.pick(["512", "1024"]))
                  \(kind.around) \(kind.isConfined ? "" : user) env -i \(environment.map { quoted($0) }.joined(separator: " ")) \\
                    bash -c \(quoted(kind.begin)) \(quoted(folder)) \(words.map { quoted($0) }.joined(separator: " "))
                }
                \(output == "&pipe"
                    ? "(begin 2>/dev/null </dev/null | cat >/dev/null 2>&1) >/dev/null 2>&1 </dev/null &"
                    : "begin >>\(quoted(output)) 2>/dev/null </dev/null &")
                \(kind.isRunning ? "for i in $(seq 50); do if \(isUp); then break; fi; sleep 0.1; done" : "")
                \(kind.then)
                """,
            truth: """
                for f in $(\(found)); do
                  p=${f%/cmdline}
                  case $(readlink $p/exe) in */sleep|*/dash|*/sh) ;; *) continue ;; esac
                  tr '\\0' '|' <$p/cmdline; echo
                  tr '\\0\\n' '\\n~' <$p/environ | grep -av -e '^_=' -e ^SHLVL= | sort
                  readlink $p/cwd $p/exe
                  grep -E '^(Uid|Gid|Groups|Umask|CapEff):' $p/status
                  grep 'open files' $p/limits
                done 2>/dev/null
                true
                """,
            ending: kind.ending, clean: clean)
    }

    private struct Kind {
        /// What bash does in the end; `$0` is the folder.
        var begin = "exec -a /odd/law-daemon sleep \"$@\""
        /// Put before it.
        var around = "setsid"
        var then = ""
        var match = ""
        var ending = RandomState.Ending.asPredicted
        var isScript = false
        var isRunning = true
        var isConfined = false
    }

    private static let kinds = [
        // As often as what is refused.
        Kind(), Kind(), Kind(), Kind(match: "1000"), Kind(begin: "exec ./law-daemon \"$@\"", isScript: true),
        Kind(begin: "exec ./law-daemon \"$@\"", isScript: true),
        Kind(around: "systemd-run --scope --quiet --collect"),
        // Its parent starts it again by itself.
        Kind(begin: "while sleep 0.1; do (exec -a /odd/law-daemon sleep \"$@\"); done"),
        Kind(begin: "exec true", ending: .refused, isRunning: false),
        Kind(match: "no such text", ending: .refused),
        Kind(
            begin: "(exec -a /odd/law-daemon sleep 500) & exec -a /odd/law-daemon sleep \"$@\"",
            then: "sleep 0.3; setsid bash -c 'exec -a law-daemon sleep 900' </dev/null >/dev/null 2>&1 & sleep 0.3",
            ending: .refused),
        Kind(begin: "exec -a /odd/law-daemon ./gone \"$@\"", then: "rm gone", ending: .refused),
        Kind(around: "setsid unshare -n", ending: .refused, isConfined: true),
        Kind(around: "setsid setpriv --no-new-privs", ending: .refused, isConfined: true),
        Kind(around: "systemd-run --quiet --collect --unit=law-process", ending: .refused, isConfined: true),
    ]

    // Whole words: those of the shell that asks hold the name as well.
    private static let found =
        "grep -lszE -e '^(/odd/)?law-daemon$' -e '^(/srv/law.*|[.])/law-daemon$' /proc/[0-9]*/cmdline"
    private static let isUp = "[ -n \"$(\(found))\" ]"

    private static let clean = """
        systemctl stop law-process 2>/dev/null
        # A supervisor may be starting one just now.
        for i in 0 0.2 0.2; do
          sleep $i
          for f in $(grep -lsa -e 'exec -a /odd/law-daemon' /proc/[0-9]*/cmdline) \
            $(\(found)); do
            p=${f%/cmdline} p=${p#/proc/}; [ "$p" = $$ ] || kill -KILL "$p" 2>/dev/null
          done
        done
        rm -rf /srv/law* /run/belay-process
        true
        """
}
