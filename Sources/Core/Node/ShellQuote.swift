/// The one place where a value meets a shell: single quotes, in which POSIX gives no character a meaning but `'` itself.
public enum ShellQuote {
    /// The word as one shell word, whatever it holds. (NUL cannot be in an argv; the planner refuses it.)
    public static func quote(_ word: String) -> String {
        // By unicode scalar, not by Character: a quote followed by a combining mark is still a quote to the shell.
        var quoted = "'"
        for scalar in word.unicodeScalars {
            if scalar == "'" { quoted += "'\\''" } else { quoted.unicodeScalars.append(scalar) }
        }
        return quoted + "'"
    }

    /// An argv as shell words.
    public static func join(_ argv: [String]) -> String {
        argv.map(quote).joined(separator: " ")
    }

    /// An argv for people: words that need no quotes are left bare.
    public static func display(_ argv: [String]) -> String {
        argv.map { word in isPlain(word) ? word : quote(word) }.joined(separator: " ")
    }

    private static func isPlain(_ word: String) -> Bool {
        !word.isEmpty
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-_./:=@,+%".utf8.contains(byte)
                }
            }
    }
}
