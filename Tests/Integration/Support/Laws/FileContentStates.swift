import Core
import Foundation
import RandomStates

/// The same files for the actions whose content comes from the node itself: from a backup, or from what the file holds.
extension FileStates {
    static let restore: StateGenerator = { random in
        var state = replace(&random)
        let kept = "/srv/law.kept"
        let content = Data(random.pick(contents).utf8).base64EncodedString()
        (state.arguments["content"], state.arguments["from"]) = (nil, .text(kept))
        state.prepare += """

            printf %s \(content) | base64 -d >\(kept)
            chown \(random.number(0...70_000)):\(random.number(0...70_000)) \(kept)
            chmod \(random.mode()) \(kept)
            """
        // The file's own truth ends early where there is none.
        state.truth = "(\n\(state.truth)\n)\nls -ld --time-style=+ \(kept) 2>&1; sha256sum <\(kept); true"
        guard random.chance(12) else { return state }
        let spoilt = random.pick(["rm", "ln -sf /etc/hostname", "rm -f \(kept); mkdir", "head -c 262145 /dev/zero >"])
        state.prepare += "\n\(spoilt) \(kept)"
        state.ending = .refused
        return state
    }

    static let line: StateGenerator = { random in
        let folder = "/srv/law" + random.pick(["", " dir", "-ünï"])
        let path = folder + "/" + random.oddWord()
        let lines = (0..<random.number(0...6)).map { _ in random.pick(someLines) }
        let text = lines.joined(separator: "\n") + (random.chance(70) && !lines.isEmpty ? "\n" : "")
        let make = """
            \(regular(quoted(path), &random))
            printf %s \(quoted(Data(text.utf8).base64EncodedString())) | base64 -d >\(quoted(path))
            """
        let (odd, isLegal) = thing(at: path, in: folder, &random)
        let isThere = isLegal && (odd.isEmpty ? random.chance(20) : true)
        let (arguments, isMeant) = edit(of: lines, isThere: isThere, &random)
        return RandomState(
            arguments: arguments.merging(["path": .text(path)]) { $1 },
            prepare: "set -e\nrm -rf /srv/law*\nmkdir \(quoted(folder))\n\(!isLegal ? odd : isThere ? make : "")",
            truth: truth(of: path, in: folder), ending: isLegal && isMeant ? .asPredicted : .refused)
    }

    private static let someLines = [
        "a", "k=1", "k=2", "", "  k=1", "# k", "ünï ❄", "k", "k\u{301}=3", "$(touch x)", ".*",
    ]

    /// What is to become of a line, and whether it can be told which.
    private static func edit(
        of lines: [String], isThere: Bool, _ random: inout SeededGenerator
    ) -> ([String: ArgumentValue], Bool) {
        let line = random.pick(someLines.filter { !$0.isEmpty } + ["k=3", "new line"])
        if random.chance(30) {
            let match = String(line.unicodeScalars.prefix(1))
            let word: [String: ArgumentValue] = random.chance(50) ? ["line": .text(line)] : ["match": .text(match)]
            return (word.merging(["remove": .flag(true)]) { $1 }, true)
        }
        guard random.chance(50) else { return (["line": .text(line)], isThere) }
        let match = String(line.unicodeScalars.prefix(random.number(1...3)))
        let count = lines.filter { $0.utf8.starts(with: match.utf8) }.count
        return (["line": .text(line), "match": .text(match)], isThere && count <= 1)
    }
}
