/// Named copies of the ruleset under `/var/lib/belay/snapshots`, one file a family, as `iptables-save -c` printed them.
struct SnapshotFiles: Sendable, Hashable {
    /// Where they lie on a node; mode 0700, since rules tell what a network trusts.
    static let directory = "/var/lib/belay/snapshots"

    /// The snapshot's name.
    let name: String

    /// Reads a snapshot's name, which becomes part of a file's.
    init(_ text: String, argument: String) throws(ArgumentError) {
        let isPlain = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || "._-".utf8.contains(byte)
        }
        guard isPlain, (1...64).contains(text.utf8.count), !text.hasPrefix("."), !text.hasPrefix("-") else {
            throw ArgumentError(
                argument,
                "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', not led by '.' or '-', not \(text.debugDescription)")
        }
        name = text
    }

    /// The file of one family.
    func path(_ family: IptablesFamily) -> String { "\(Self.directory)/\(name).\(family.ending)" }

    /// One command a family: the file's content, or exit status 3 when there is none.
    var commands: [Command] {
        IptablesFamily.allCases.map {
            .shell(#"[ -e "$1" ] || exit 3; exec cat -- "$1""#, [path($0)], accepts: [0, 3])
        }
    }

    /// The field values from the outputs of ``commands``.
    func parse(_ outputs: ArraySlice<CommandOutput>) throws(ObservationError) -> [String: FieldValue] {
        var fields: [String: FieldValue] = [:]
        for (family, output) in zip(IptablesFamily.allCases, outputs) {
            if output.status == 3 {
                fields[family.snapshot] = .absent
            } else {
                _ = try output.text(of: "reading \(path(family))")
                fields[family.snapshot] = .content(output.output)
            }
        }
        return fields
    }

    /// Writes what `$1` prints, or standard input when that is empty, to `$2` in directory `$3`, durably.
    static let write: StaticString = #"""
        umask 077
        mkdir -p -m 0700 -- "$3" || exit
        new=$(mktemp -- "$3/.new-XXXXXXXXXX") || exit
        trap 'rm -f -- "$new"' EXIT
        trap 'exit 129' HUP INT TERM
        case $1 in
            '') cat >"$new" || exit ;;
            ip6tables-save) [ ! -e /proc/net/if_inet6 ] || "$1" -c >"$new" || exit ;;
            *) "$1" -c >"$new" || exit ;;
        esac
        sync -- "$new" && mv -fT -- "$new" "$2" && sync -- "$3"
        """#

    /// Removes `$1` from directory `$2`, durably.
    static let remove: StaticString = #"[ ! -e "$1" ] || { rm -f -- "$1" && sync -- "$2"; }"#
}
