import CEL

extension FactGroup {
    /// systemd's units.
    static let units = FactGroup(
        "units", .message("Units"),
        "systemd's units.",
        messages: [
            "Units": [
                FactField("failed", .list(.string), "those that failed")
            ]
        ],
        questions: [FactQuestion(unitsScript, limit: 4 << 10, waits: 1.5, for: .systemd)])

    private static let unitsScript: StaticString = #"""
        root=$1
        if ! [ -d "$root/run/systemd/system" ]; then printf '?failed\tsystemd does not run on this node\n'; exit; fi
        failed=$(timeout 1.5 systemctl list-units --failed --no-legend --plain --no-pager) || exit
        printf '%s\n' "$failed" | awk 'NF && n++ < 60 { print "+failed\t" $1 } END { print ".failed" }'
        """#
}
