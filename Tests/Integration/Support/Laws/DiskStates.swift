import Core
import RandomStates

/// Archived journals, rotated logs, packages and core dumps with odd names, modes, owners and attributes, beside what must stay,
/// and archives that cannot be one. Without an archive nothing comes back, so there always is one.
enum DiskStates {
    static let vacuum: StateGenerator = { random in
        let folder = "/run/log/journal/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        let names = (0..<random.number(1...6)).map { number in
            let kind = random.pick(["system", "user-1000", "ünï", "with space", "$(x)"])
            return random.chance(80)
                ? "\(kind)@0123456789abcdef0123456789abcdef-000000000000000\(number)-000600000000000\(number).journal"
                : "\(kind)@000600000000000\(number)-0123456789abcde\(number).journal~"
        }
        // Those that are written to, and what is no journal's name.
        let kept = random.some(of: ["system.journal", "user-1000.journal", "system@x.journal", "fss", "a@b.journal~"])
        let rotates = random.chance(30) ? "journalctl --rotate >/dev/null 2>&1" : ""
        let files = names.map { $0 } + kept
        return state(
            random.chance(50)
                ? ["size": .text(random.pick(["0", "1", "2K", "1M"]))]
                : ["age": .text(random.pick(["1m", "1h", "3d"]))],
            folder: folder,
            make: files.map { file(folder + "/" + $0, &random) }.joined(separator: "\n") + "\n" + rotates,
            seen: "/run/log/journal -name '*@*'", kept: kept.map { folder + "/" + $0 }, &random)
    }

    static let rotate: StateGenerator = { random in
        let folder = "/var/log/law" + random.pick(["", " dir", "-ünï", "'s", "$x", "/pods_x_1/c"])
        let endings = [
            ".gz", ".1", ".22", "-20260101", ".xz", ".old", ".log.20260101-120000", ".log.20260101-120000.gz",
        ]
        let names = (0..<random.number(1...6)).map { "\(random.oddWord())\($0)" + random.pick(endings) }
        let kept = random.some(of: ["live.log", "syslog", "wtmp.1", "btmp-20260101", "new\nline.gz", "tab\t.1"])
        var make = (names + kept).map { file(folder + "/" + $0, &random) }
        var held: [String] = []
        if random.chance(30), let name = names.first {
            held = [folder + "/" + name]
            make.append(
                """
                setsid sleep 60 5<\(quoted(held[0])) </dev/null >/dev/null 2>&1 & echo $! >/run/law-holder
                until [ -e /proc/$!/fd/5 ]; do sleep 0.1; done
                """)
        }
        if random.chance(20) {
            make.append("ln -- \(quoted(folder + "/" + names[0])) \(quoted(folder + "/another name"))")
        }
        if random.chance(20) { make.append("ln -s /etc/hostname \(quoted(folder + "/link.gz"))") }
        return state(
            ["age": .text(random.pick(["1m", "1h", "1d", "7d"]))], folder: folder, make: make.joined(separator: "\n"),
            seen: "/var/log -path '/var/log/law*'", kept: kept.map { folder + "/" + $0 } + held, &random)
    }

    static let reclaim: StateGenerator = { random in
        let folders = ["packages": "/var/cache/apt/archives", "coredumps": "/var/lib/systemd/coredump"]
        let what = random.some(of: ["packages", "coredumps", "tmp"])
        let words = what.isEmpty ? ["packages"] : what
        let make = ["packages", "coredumps"].flatMap { kind in
            (0..<random.number(0...3)).map { number in
                let name = "law" + random.oddWord() + "\(number)" + (kind == "packages" ? "_1.0_amd64.deb" : ".core")
                return file((folders[kind] ?? "") + "/" + name, &random)
            }
        }
        // Nothing in it is a day old by the time of its last change, which nobody can set.
        let temporary = file("/tmp/law-fresh", &random)
        return state(
            [
                "what": random.chance(50) ? .text(words.joined(separator: ",")) : .list(words.map { .text($0) }),
                "age": .text("1d"),
            ],
            folder: "/var/lib/systemd/coredump", make: (make + [temporary]).joined(separator: "\n"),
            seen: "/var/cache/apt/archives /var/lib/systemd/coredump /tmp -name 'law*'", kept: ["/tmp/law-fresh"],
            &random)
    }

    /// One file, long ago mostly.
    private static func file(_ path: String, _ random: inout SeededGenerator) -> String {
        let name = quoted(path)
        var lines = [
            "head -c \(random.number(0...5000)) /dev/urandom >\(name)",
            "chown \(random.number(0...70_000)):\(random.number(0...70_000)) -- \(name)",
            "chmod \(random.mode()) -- \(name)",
        ]
        if random.chance(20) { lines.append("setfattr -n user.k -v 'a b' -- \(name)") }
        if random.chance(20) { lines.append("setfacl -m u:12:r,g:14:rw -- \(name)") }
        let times = [
            "2026-01-02T03:04:05.678901234Z", "2001-09-09 01:46:40", "1969-12-31T00:00:00.5Z", "-3 days", "now",
        ]
        lines.append("touch -d '\(random.pick(times))' -- \(name)")
        return lines.joined(separator: "\n")
    }

    private static func state(
        _ arguments: [String: ArgumentValue], folder: String, make: String, seen: String, kept: [String],
        _ random: inout SeededGenerator
    ) -> RandomState {
        let isRefused = random.chance(12)
        // One that surely would be taken, so that there is something to refuse.
        let sure =
            isRefused
            ? """
            rm -rf \(quoted(folder))/system@*; for f in /run/log/journal/\(String(repeating: "a", count: 32))/system@\(String(repeating: "0", count: 32))-\(String(repeating: "0", count: 16))-\(String(repeating: "0", count: 16)).journal \
              /var/log/law-sure.gz /var/cache/apt/archives/law-sure.deb /var/lib/systemd/coredump/law-sure; do
              mkdir -p "${f%/*}"; echo x >"$f"; touch -d 2020-01-01 "$f"
            done
            """ : ""
        let spoilt = random.pick([
            "umount /srv/law-archive", "chmod 777 /srv/law-archive", "chown 7 /srv/law-archive",
            "umount /srv/law-archive; rmdir /srv/law-archive",
            "umount /srv/law-archive; rmdir /srv/law-archive; ln -s /run /srv/law-archive",
            "umount /srv/law-archive; mount -t tmpfs -o mode=700 law /srv/law-archive",
        ])
        // A journal in memory is on another filesystem than the archive's folder without its mount.
        let isElsewhere = folder.hasPrefix("/run/") && spoilt == "umount /srv/law-archive"
        return RandomState(
            arguments: arguments.merging(["archive": .text("/srv/law-archive")]) { $1 },
            prepare: """
                \(clean)
                set -e
                mkdir -p /run/law-disk /srv/law-archive \(quoted(folder))
                mount -t tmpfs law /run/law-disk
                mkdir -m 0700 /run/law-disk/up /run/law-disk/work
                mount -t overlay -o lowerdir=/etc/testbed,upperdir=/run/law-disk/up,workdir=/run/law-disk/work law /srv/law-archive
                \(make)
                \(sure)
                \(isRefused ? (isElsewhere ? "chmod 777 /srv/law-archive" : spoilt) : "")
                """,
            truth: """
                find \(seen) \\( -type f -printf '%p %s %m %U:%G %T@ %n\\n' -o -printf '%p %y\\n' \\) | sort
                find \(seen) -type f -exec sha256sum {} + | sort
                find \(seen) -type f -exec getfattr --absolute-names -d -m - -e hex -- {} + | sort
                """,
            ending: isRefused ? .refused : .asPredicted, clean: clean,
            also: { course in
                let listed = course.before.fields.keys.filter { $0.hasPrefix("file.") }.sorted()
                let left = listed.filter { course.after[$0] != nil }.map { "\($0) was listed and is still there" }
                return left + kept.filter { listed.contains("file.\($0)") }.map { "\($0) must stay, and was listed" }
            })
    }

    private static let clean = """
        [ ! -e /run/law-holder ] || kill "$(cat /run/law-holder)" 2>/dev/null
        while umount /srv/law-archive 2>/dev/null; do :; done
        while umount /run/law-disk 2>/dev/null; do :; done
        rm -rf /srv/law-archive /run/law-disk /run/law-holder /var/log/law* /tmp/law* /var/cache/apt/archives/law* \
          /var/lib/systemd/coredump/law* /run/log/journal/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        true
        """
}
