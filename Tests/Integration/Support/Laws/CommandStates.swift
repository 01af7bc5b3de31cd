import Core
import RandomStates

/// Runbooks' own commands whose undo is right, over words of every kind.
enum CommandStates {
    static let command: StateGenerator = { random in
        // A word may hold anything here, a newline too.
        let file = "/srv/law/" + random.pick(SeededGenerator.oddWords + ["two\nlines", "tab\tinside", "\n"])
        let kept = "/srv/law.kept"
        var use = random.pick(uses(file, kept))
        // The second command fails when the first is done.
        let fails = random.chance(15)
        if fails { use.apply.append(["false"]) }
        return RandomState(
            arguments: [
                "observe": argvs([["stat", "-c", "%F %a %u:%g %s", "--", file], ["sha256sum", "--", file]]),
                "apply": argvs(use.apply), "undo": argvs(use.undo),
            ],
            prepare: "set -e; rm -rf /srv/law*; mkdir /srv/law; f=\(quoted(file)); \(use.prepare)",
            truth:
                "cd /srv/law; ls -A --quoting-style=escape; find . -type f -exec sha256sum {} + | sort; stat -c '%F %a' -- * .[!.]* || true",
            ending: fails ? .open : .asPredicted)
    }

    private struct Use {
        var prepare: String
        var apply: [[String]]
        var undo: [[String]]
    }

    private static func uses(_ file: String, _ kept: String) -> [Use] {
        let full = "echo old >\"$f\"; chmod 640 -- \"$f\"; cp -a -- \"$f\" \(kept)"
        return [
            Use(prepare: "", apply: [["cp", "--", "/etc/hostname", file]], undo: [["rm", "-f", "--", file]]),
            Use(prepare: "", apply: [["mkdir", "-p", "--", file + "/x"]], undo: [["rm", "-rf", "--", file]]),
            Use(prepare: full, apply: [["chmod", "7711", "--", file]], undo: [["chmod", "640", "--", file]]),
            Use(
                prepare: full, apply: [["sed", "-i", "s/old/ne w/", "--", file]],
                undo: [["cp", "-a", "--", kept, file]]),
            Use(prepare: full, apply: [["rm", "--", file]], undo: [["cp", "-a", "--", kept, file]]),
            Use(
                prepare: full, apply: [["truncate", "-s", "0", "--", file], ["chown", "7:8", "--", file]],
                undo: [["cp", "-a", "--", kept, file]]),
            // Nothing is changed, and nothing is undone.
            Use(prepare: full, apply: [["true"]], undo: [["true"]]),
        ]
    }

    private static func argvs(_ commands: [[String]]) -> ArgumentValue {
        .list(commands.map { .list($0.map { .text($0) }) })
    }
}
