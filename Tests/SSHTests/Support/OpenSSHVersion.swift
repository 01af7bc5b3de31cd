import Foundation
import Glibc
import Testing

/// The OpenSSH servers that the acceptance tests run against.
enum OpenSSHVersion: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// The machine's own: 9.2 on Debian 12.
    case installed
    /// Debian 13's 10.0, out of the testbed's root.
    case trixie

    var testDescription: String { self == .installed ? "installed sshd" : "trixie's sshd" }

    /// Those that are here. What is left out is named by a test of its own (`VersionTests`).
    static let available = allCases.filter { $0 == .installed || TrixieRoot.isHere || TrixieRoot.isRequired }

    /// A configuration line for tests that end many connections early: OpenSSH 10 would soon refuse this source.
    var withoutPenalties: String { self == .installed ? "" : "PerSourcePenalties no" }

    /// The command line that starts a program of this version with the same arguments and files.
    ///
    /// The testbed's root is the read-only lower part of an overlay in a mount namespace that ends with the last of its
    /// processes: nothing is left mounted and nothing in the root changes. Network, processes, devices and the folder
    /// with the tests' files are the machine's own.
    func command(_ words: [String], _ folder: TemporaryFolder) throws -> [String] {
        guard self == .trixie else { return words }
        let place = "\(folder.path)/mounts"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let shared = (folder.path as NSString).deletingLastPathComponent
        let script = """
            set -eu
            lower=$1 place=$2 shared=$3
            shift 3
            mount -t tmpfs tmpfs "$place"
            mkdir "$place/upper" "$place/work" "$place/root"
            mount -t overlay overlay -o "lowerdir=$lower,upperdir=$place/upper,workdir=$place/work" "$place/root"
            for folder in /proc /dev; do mount --rbind "$folder" "$place/root$folder"; done
            mkdir -p "$place/root$shared" "$place/root/run/sshd"
            mount --bind "$shared" "$place/root$shared"
            exec chroot "$place/root" "$@"
            """
        let root = try requireValue(TrixieRoot.path)
        return ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh"]
            + [root, place, shared] + words
    }
}

/// Debian 13's root in the testbed's cache, which `Testbed/belay-testbed root trixie` makes.
enum TrixieRoot {
    static let isRequired = ProcessInfo.processInfo.environment["BELAY_TESTBED"] == "required"
    static let path = find()
    static var isHere: Bool { path != nil }

    private static func find() -> String? {
        guard getuid() == 0, let folder = try? TemporaryFolder() else { return nil }
        guard let child = try? ChildProcess(testbed, ["root", "trixie", "--existing"], output: "\(folder.path)/path")
        else { return nil }
        var status: Int32 = 0
        guard waitpid(child.pid, &status, 0) == child.pid, status == 0 else { return nil }
        return (try? folder.read("path"))?.trimmingCharacters(in: .newlines)
    }

    private static var testbed: String {
        if let command = ProcessInfo.processInfo.environment["BELAY_TESTBED_COMMAND"] { return command }
        let tests = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        return tests.appending(path: "../../../Testbed/belay-testbed").standardized.path
    }
}

@Suite("The OpenSSH versions that the tests run against")
struct VersionTests {
    @Test(
        "the testbed's root of trixie is here; the acceptance tests ran against its OpenSSH too",
        .enabled(
            if: TrixieRoot.isHere || TrixieRoot.isRequired,
            "OpenSSH 10 was LEFT OUT: as root, make its root with Testbed/belay-testbed root trixie"))
    func trixie() async throws {
        let installed = try await version(TestServer(.installed))
        let trixie = try await version(TestServer(.trixie))
        #expect(trixie.hasPrefix("OpenSSH_10."))
        #expect(installed != trixie)
    }

    /// As the server's banner has it.
    private func version(_ server: TestServer) async throws -> String {
        let fd = try connectLoopback(server.port)
        defer { close(fd) }
        var buffer = [UInt8](repeating: 0, count: 255)
        let count = recv(fd, &buffer, buffer.count, 0)
        let banner = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        try #require(banner.hasPrefix("SSH-2.0-"))
        return String(banner.dropFirst(8))
    }
}
