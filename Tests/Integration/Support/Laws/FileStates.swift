import Core
import Foundation
import RandomStates

/// Files with odd names, modes, owners, attributes and contents, and what cannot be replaced.
enum FileStates {
    static let replace: StateGenerator = { random in
        let folder = "/srv/law" + random.pick(["", " dir", "-ünï", "'s", "$x"])
        let hasBadName = random.chance(4)
        let path = folder + "/" + (hasBadName ? random.pick(["a\nb", "a\tb"]) : random.oddWord())
        let (make, isLegal) = thing(at: path, in: folder, &random)
        var state = RandomState(
            arguments: ["path": .text(path), "content": .text(random.pick(contents))],
            prepare: """
                set -e
                rm -rf /srv/law*
                mkdir \(quoted(folder))
                \(random.chance(10) ? "setfacl -d -m u:13:r \(quoted(folder))" : "")
                \(make)
                """,
            truth: truth(of: path, in: folder), ending: isLegal && !hasBadName ? .asPredicted : .refused)
        if random.chance(40) { state.arguments["mode"] = .text(threeDigits(random.mode())) }
        if random.chance(40) { state.arguments["owner"] = .text(random.pick(["0:0", "root", "7:8", "65534:100000"])) }
        if random.chance(20) { addReader(to: &state, &random) }
        return state
    }

    static let contents = [
        "", "new\n", "no newline", "\n\n\n", "a\r\nb\r\n", "$(touch /x) `id` \\n %s 'q' \"", "ünï ❄\u{301}\n",
        "a\u{0}b\u{1}",
        String(repeating: "a long line of a file that is not small\n", count: 4000), "old\n",
    ]

    // An argument wants three digits at least; `chmod` does not.
    private static func threeDigits(_ mode: String) -> String {
        String(repeating: "0", count: max(0, 3 - mode.count)) + mode
    }

    /// What is there before, and whether it can be replaced.
    static func thing(
        at path: String, in folder: String, _ random: inout SeededGenerator
    ) -> (make: String, isLegal: Bool) {
        if random.chance(15) { return ("", true) }
        let file = quoted(path)
        if random.chance(15) {
            let other = quoted("/srv/law.other")
            return (
                random.pick([
                    "ln -s -- /etc/hostname \(file)", "mkdir -- \(file)", "mkfifo -- \(file)",
                    "ln -s -- /srv/nothing \(file)", "echo x >\(other); ln -- \(other) \(file)",
                    "rmdir \(quoted(folder))", "mv \(quoted(folder)) \(other); ln -s \(other) \(quoted(folder))",
                    "head -c 262145 /dev/zero >\(file)",
                ]), false
            )
        }
        return (regular(file, &random), true)
    }

    static func regular(_ file: String, _ random: inout SeededGenerator) -> String {
        let old = random.pick([
            [], Array("old\n".utf8), random.bytes(random.number(1...300)), Array("\n\n".utf8), random.bytes(20_000),
        ])
        var lines = [
            "printf %s \(quoted(Data(old).base64EncodedString())) | base64 -d >\(file)",
            "chown \(random.number(0...70_000)):\(random.number(0...70_000)) -- \(file)",
            "chmod \(random.mode()) -- \(file)",
        ]
        lines += random.some(of: [
            "setfattr -n user.k -v 'a b' -- \(file)", "setfattr -n 'user.a=b ü' -v 0x00ff0a -- \(file)",
            "setfattr -n user.empty -- \(file)", "setfattr -n trusted.k -v x -- \(file)",
            "setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 -- \(file)",
        ])
        // Sets the group's bits as well.
        if random.chance(25) { lines.append("setfacl -m u:12:rw,g:14:x -- \(file)") }
        return lines.joined(separator: "\n")
    }

    static func truth(of path: String, in folder: String) -> String {
        """
        ls -A --quoting-style=escape -- \(quoted(folder)) 2>&1
        f=\(quoted(path))
        [ -L "$f" ] && readlink -- "$f"
        [ -e "$f" ] || exit 0
        stat -c '%F %a %u:%g %h' -- "$f"
        [ -f "$f" ] || exit 0
        sha256sum <"$f"
        getfattr --absolute-names -h -d -m - -e hex -- "$f"
        """
    }

    /// A service that keeps what it read of the file: undo has it read again, and leaves it as it was, up or not.
    private static func addReader(to state: inout RandomState, _ random: inout SeededGenerator) {
        state.arguments["service"] = .text("law-reader")
        state.prepare += """

            printf '[Service]\\nExecStart=/bin/sleep infinity\\n' >/run/systemd/system/law-reader.service
            systemctl daemon-reload
            systemctl \(random.chance(50) ? "start" : "stop") law-reader
            """
        state.truth = "systemctl is-active law-reader\n" + state.truth
        state.clean = "systemctl stop law-reader; rm /run/systemd/system/law-reader.service; systemctl daemon-reload"
    }
}
