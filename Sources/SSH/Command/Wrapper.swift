/// The command line that receives a script, and what it is fed.
///
/// The line is constant for a shell and time limit, so that sudoers and audit logs can name it:
///
///     [sudo -n --] /bin/sh -c OUTER sh SECONDS SHELL...
///
/// OUTER reads the run's nonce, a line on standard input (on the command line `ps` would show it), prints the begin
/// mark on both streams, runs `timeout -k 5 SECONDS SHELL... -s` and prints the end mark with its exit status on both
/// streams. So each stream's end is known even when a background process keeps it open, and a lost connection or a
/// killed server can never look like success.
/// SHELL reads the script from the rest of standard input. There it stands in a compound command, which a shell parses
/// to its end before it runs any of it: a script of which only a part arrived, or with a syntax error anywhere, does
/// nothing. In two of different kinds, since a stray `}` would end one early, and what follows would be left out.
/// Only the compound command's input is /dev/null, so the shell itself still sees what follows: even a script that ends
/// both ends in an error, and never in silence. `exit`, `exec` and traps work, no argument-length limit applies, and no
/// process is spent on reading.
/// Only POSIX words are used: dash, bash and BusyBox run it, and any login shell can pass it on, since it has no
/// newline, no `!` and no quote inside the quoted parts.
package struct Wrapper {
    /// After the time limit's TERM, KILL follows this many seconds later.
    static let killDelay = 5

    private static let outer =
        [
            #"IFS= read -r n || exit 1; b() { printf "\036%s B\n" "$n"; }; e() { printf "\036%s E %s\n" "$n" "$r"; };"#,
            #"b; b >&2; l=$1; shift;"#,
            #"if command -v timeout >/dev/null 2>&1; then if command -v "$1" >/dev/null 2>&1;"#,
            #"then timeout -k \#(killDelay) "$l" "$@" -s; r=$?; else r=noshell; fi; else r=notimeout; fi;"#,
            #"e; e >&2"#,
        ].joined(separator: " ")

    private static let quotedOuter = quoted(outer)

    let line: String
    let input: [UInt8]
    let nonce: String
    let seconds: Int

    init(script: String, shell: [String], timeLimit: Duration, privilege: Options.Privilege) {
        let (whole, part) = timeLimit.components
        seconds = max(1, Int(clamping: whole) + (part > 0 ? 1 : 0))
        nonce = Self.randomNonce()
        let sudo = privilege == .sudo ? ["sudo", "-n", "--"] : []
        let words = sudo + ["/bin/sh", "-c", Self.quotedOuter, "sh", String(seconds)]
        line = (words + shell.map(Self.quoted)).joined(separator: " ")
        input = Array("\(nonce)\n\(Self.whole(script))".utf8)
    }

    /// A script as a shell reads it from its standard input: all of it, or nothing of it is run.
    package static func whole(_ script: String) -> String { "{ if :; then :; \(script)\nfi\n} </dev/null\n" }

    /// The end of a run from the end mark's word; nil when the word says that the script was not started.
    func termination(status: String, elapsed: Duration) -> Termination? {
        guard let code = Int(status), (0...255).contains(code) else { return nil }
        // 124 is coreutils' timeout, 143 BusyBox's, 137 the KILL after TERM was ignored. Scripts may use them too: it
        // was the limit only if the time is up.
        if [124, 143].contains(code), elapsed >= .seconds(seconds) { return .timedOut }
        if code == 137, elapsed >= .seconds(seconds + Self.killDelay) { return .timedOut }
        if let name = Self.signalNames[code - 128] { return .signaled(name) }
        return .exited(code)
    }

    /// POSIX numbers shared by all Linux architectures' shells, names as in RFC 4254, section 6.10.
    private static let signalNames = [
        1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE", 9: "KILL", 10: "USR1",
        11: "SEGV", 12: "USR2", 13: "PIPE", 14: "ALRM", 15: "TERM", 24: "XCPU", 25: "XFSZ", 31: "SYS",
    ]

    /// 128 bits in hexadecimal, in two draws: each is a system call.
    private static func randomNonce() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// A word every shell reads back unchanged; plain words stay bare so that logs read well. By unicode scalar: to a Character
    /// a quote and a combining mark behind it are one, to a shell the quote is a quote.
    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), 0x2D, 0x2E, 0x2F, 0x5F: true
                default: false
                }
            }
        return isPlain
            ? word
            : "'"
                + word.unicodeScalars.split(separator: "'", omittingEmptySubsequences: false).map(String.init)
                .joined(separator: #"'\''"#) + "'"
    }
}
