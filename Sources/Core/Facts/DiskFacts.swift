/// Reads `df -P` of bytes (with types) and of inodes.
enum DiskFacts {
    /// Filesystems in memory or read-only images: they are never short of space in the sense meant here.
    private static let ignored: Set<Substring> = [
        "tmpfs", "devtmpfs", "ramfs", "overlay", "squashfs", "erofs", "iso9660", "efivarfs", "proc", "sysfs", "cgroup2",
    ]

    static func disks(bytes: Fact<String>, inodes: Fact<String>) -> Fact<[String: Facts.Disk]> {
        bytes.flatMap { bytes in
            inodes.flatMap { inodes in
                guard bytes.hasPrefix("Filesystem"), inodes.hasPrefix("Filesystem") else {
                    return .unknown("df printed: \(Printable.escape(bytes, limit: 60))")
                }
                let nodes = Dictionary(rows(inodes).map { ($0.mount, $0.percent) }, uniquingKeysWith: { $1 })
                var disks: [String: Facts.Disk] = [:]
                for row in rows(bytes) where !ignored.contains(row.type) {
                    // A filesystem of which only half is known is left out: asking for it is then an error.
                    guard let inodes = nodes[row.mount] else { continue }
                    disks[row.mount] = Facts.Disk(
                        usedPercent: row.percent, inodesUsedPercent: inodes, freeBytes: row.free)
                }
                return .known(disks)
            }
        }
    }

    private struct Row {
        var type: Substring
        var percent: Double
        var free: Int
        var mount: String
    }

    /// Names and mount points may hold spaces, so a row is found by its middle: three numbers and a percentage.
    private static func rows(_ text: String) -> [Row] {
        text.lines.dropFirst().prefix(4096).compactMap { line in
            let words = line.prefix(4096).split(separator: " ", omittingEmptySubsequences: true)
            guard words.count >= 6 else { return nil }
            for index in 1...(words.count - 5) {
                guard let used = Int(words[index + 1]), let free = Int(words[index + 2]), Int(words[index]) != nil,
                    used >= 0, words[index + 3].hasSuffix("%") || words[index + 3] == "-",
                    words[index + 4].hasPrefix("/")
                else { continue }
                let mount = line[words[index + 4].startIndex...]
                return Row(
                    type: words[index - 1], percent: percent(used, free), free: max(0, free), mount: String(mount))
            }
            return nil
        }
    }

    /// As df does: of what an ordinary user could use; the blocks reserved for root count as neither.
    private static func percent(_ used: Int, _ free: Int) -> Double {
        let total = Double(used) + Double(max(0, free))
        return total > 0 ? Double(used) / total * 100 : 0
    }
}
