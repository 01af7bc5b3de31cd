import Core
import Foundation
import Testing

/// The law of undo on real filesystems, in a mount namespace of the test's own whose `/var/log` and archive are empty ones.
@Suite(
    "logs.rotate's laws on real filesystems",
    .enabled(
        if: RealSystem.isCI || (RealSystem.isRoot && RealSystem.has("unshare", "nsenter", "mount")),
        "LEFT OUT: needs root and mount namespaces; on CI never left out"), .timeLimit(.minutes(5)))
struct OldFilesLawTests {
    private static let state = """
        cd /var/log; find . -type f -printf '%p %s %m %U:%G %T@ %n\\n' | sort; find . -type f -exec sha256sum {} + | sort
        """
    private static let files = """
        mkdir -p '/var/log/a b'; cd '/var/log/a b'
        for n in a.gz ' lead.1' 'trail .2' "it's.3" 'ünï-20260101' '-rf.gz' '$(x).gz' '*.xz' 'back\\slash.old'; do
          echo "of $n" >"./$n"; chown 3:4 "./$n"; chmod 4640 "./$n"; touch -d '2026-01-02 03:04:05.123456789' "./$n"
        done
        for n in live.log wtmp.1 two.gz; do echo stays >$n; touch -d 2026-01-02 $n; done
        ln two.gz other; ln -s live.log link.gz; echo young >young.gz
        """

    @Test("what is listed goes, what is not stays, and undo brings all of it back, twice")
    func law() async throws {
        try await Self.withNamespace { node in
            let action = try Self.action()
            try await node.shell(Self.files)
            let (before, was) = (try await node.observe(action), try await node.shell(Self.state))
            #expect(before.text("count") == "9")
            let prediction = try action.predict(before)
            try await node.write(action.apply(before))
            #expect(try await node.observe(action).compared(with: prediction.after, by: action) == [])
            let left = try await node.shell("cd '/var/log/a b'; ls -A")
            #expect(left.split(separator: "\n") == ["link.gz", "live.log", "other", "two.gz", "wtmp.1", "young.gz"])
            for _ in 1...2 {
                try await node.write(action.undo(before))
                #expect(try await node.observe(action).compared(with: before, by: action) == [])
                #expect(try await node.shell(Self.state) == was)
            }
        }
    }

    @Test("a file that somebody opened or wrote since it was listed stays")
    func taken() async throws {
        try await Self.withNamespace { node in
            let action = try Self.action()
            try await node.shell(Self.files)
            let before = try await node.observe(action)
            try await node.shell("cd '/var/log/a b'; echo more >>a.gz; mv ./-rf.gz gone; ln -s /etc/passwd ./-rf.gz")
            let was = try await node.shell("cd '/var/log/a b'; cat a.gz; readlink ./-rf.gz; sha256sum </etc/passwd")
            try await node.write(action.apply(before))
            #expect(
                try await node.shell("cd '/var/log/a b'; cat a.gz; readlink ./-rf.gz; sha256sum </etc/passwd") == was)
        }
    }

    @Test("what others put in a file's place since is not overwritten, and undo says so")
    func conflict() async throws {
        try await Self.withNamespace { node in
            let action = try Self.action()
            try await node.shell(Self.files)
            let before = try await node.observe(action)
            try await node.write(action.apply(before))
            try await node.shell("echo theirs >'/var/log/a b/a.gz'")
            await #expect(throws: WriteFailure.self) { try await node.write(action.undo(before)) }
            #expect(try await node.shell("cat '/var/log/a b/a.gz'") == "theirs\n")
            // All others are back.
            let missing = try await node.observe(action).compared(with: before, by: action).map(\.field)
            #expect(missing == ["file./var/log/a b/a.gz"])
        }
    }

    @Test("a folder that was swapped for a symlink leads nobody elsewhere")
    func swapped() async throws {
        try await Self.withNamespace { node in
            let action = try Self.action()
            try await node.shell(Self.files)
            let before = try await node.observe(action)
            try await node.shell("mv '/var/log/a b' /var/log/real; ln -s real '/var/log/a b'")
            let was = try await node.shell(Self.state)
            try await node.write(action.apply(before))
            #expect(try await node.shell(Self.state) == was)
        }
    }

    private static func action() throws -> LogsRotate {
        try LogsRotate(arguments: Arguments(["archive": .text("/srv/archive")]))
    }

    private static func withNamespace(_ body: (LocalNode) async throws -> Void) async throws {
        let host = LocalNode()
        let folder = NSTemporaryDirectory() + "belay-files-\(UUID().uuidString)"
        try await host.shell(
            """
            mkdir '\(folder)' '\(folder)-log'; mount -t tmpfs -o mode=700 belay '\(folder)' && mount --make-private '\(folder)' &&
            : >'\(folder)/ns' || exit
            # unshare's helper is refused now and then (EINVAL), as if the namespace were not there yet.
            for i in 1 2 3 4 5 6 7 8 9; do ! unshare --mount='\(folder)/ns' true || exit 0; sleep 0.2; done
            exit 1
            """)
        let result: Result<Void, any Error>
        do {
            let node = LocalNode(prefix: ["nsenter", "--mount=\(folder)/ns"])
            // The logs lie on disk, as small inode numbers of memory could be those of files that others have open. An
            // archive may not be in memory: over memory, it is on a filesystem of its own.
            try await node.shell(
                """
                mount --bind '\(folder)-log' /var/log && mount -t tmpfs disk /srv && mkdir /srv/low /srv/archive &&
                mkdir -m 700 /srv/up /srv/work &&
                mount -t overlay -o lowerdir=/srv/low,upperdir=/srv/up,workdir=/srv/work archive /srv/archive
                """)
            result = .success(try await body(node))
        } catch { result = .failure(error) }
        try await host.shell("umount '\(folder)/ns'; umount '\(folder)' && rmdir '\(folder)' && rm -rf '\(folder)-log'")
        try result.get()
    }
}
