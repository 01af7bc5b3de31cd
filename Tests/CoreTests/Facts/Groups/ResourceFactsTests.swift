import CEL
import Foundation
import Testing

@testable import Core

/// Processors, memory, disks and processes, by the files of a recorded node and of others.
@Suite("Facts: resources", .serialized)
struct ResourceFactsTests {
    @Test("processors, load and stalls", arguments: FactNode.shells)
    func cpu(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        let facts = try await node.ask(.cpu)
        try facts.expect(
            "facts.cpu.count == 2", "facts.cpu.load1 > 0.0 && facts.cpu.load5 > 0.0", "facts.cpu.pressure >= 0.0",
            "facts.cpu.tasks > 100", "facts.cpu.taskLimit > facts.cpu.tasks")
    }

    @Test("a kernel without stall counters says so, and the rest is known", arguments: FactNode.shells)
    func noStalls(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        try FileManager.default.removeItem(atPath: node.root + "/proc/pressure")
        try await node.ask(.cpu).expectUnknown("facts.cpu.pressure", "counts no stalls")
        let memory = try await node.ask(.memory)
        try memory.expectUnknown("facts.memory.pressureFull", "counts no stalls")
        try memory.expect("facts.memory.totalBytes > 0")
    }

    @Test("memory, of which large numbers stay whole", arguments: FactNode.shells)
    func memory(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        try await node.ask(.memory).expect(
            "facts.memory.totalBytes > 20000000000", "facts.memory.availableBytes <= facts.memory.totalBytes",
            "facts.memory.availablePercent > 50.0 && facts.memory.availablePercent <= 100.0",
            "facts.memory.swapTotalBytes == 0", "facts.memory.oomKills == 0", "facts.memory.pressureSome == 0.0")
        try node.file("/proc/meminfo", "MemTotal: 8388608 kB\nMemFree: 1 kB\nSwapTotal: 2097152 kB\n")
        let old = try await node.ask(.memory)
        try old.expect("facts.memory.totalBytes == 8589934592", "facts.memory.swapTotalBytes == 2147483648")
        try old.expectUnknown("facts.memory.availableBytes", "said nothing")
    }

    /// The second look at a node's files: what `sleep` changes of them.
    private func between(_ node: borrowing FactNode, _ changes: [String: String]) throws {
        var text = ""
        for (path, content) in changes {
            try node.file("/next" + path, content)
            text += "cat '\(node.root)/next\(path)' >'\(node.root)\(path)'\n"
        }
        try node.program("sleep", text)
    }

    @Test("devices are whole ones, their rates over the time that went by", arguments: FactNode.shells)
    func devices(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        try node.file("/proc/uptime", "100.00 1.00\n")
        try node.file("/sys/block/sda/x", "")
        try node.file("/sys/block/cciss!c0d0/x", "")
        try node.file("/sys/block/loop0/x", "")
        func stats(_ reads: Int, _ writes: Int, _ busy: Int) -> String {
            ["sda", "sda1", "cciss/c0d0", "loop0"].map { "   8  0 \($0) 1 0 \(reads) 5 1 0 \(writes) 5 0 \(busy) 9\n" }
                .joined()
        }
        try node.file("/proc/diskstats", stats(1000, 5_000_000_000, 100))
        try between(node, ["/proc/uptime": "100.50 1.00\n", "/proc/diskstats": stats(2000, 5_000_004_000, 350)])
        try await node.ask(.io).expect(
            "facts.io.devices.size() == 2", "facts.io.devices['sda'].readBytesPerSecond == 1024000",
            "facts.io.devices['cciss/c0d0'].writeBytesPerSecond == 4096000",
            "facts.io.devices['sda'].busyPercent == 50.0",
            "facts.io.pressureFull >= 0.0", "facts.io.readOnly == []")
    }

    @Test(
        "a disk that the kernel made read-only is told, a mount of a writable one is not",
        arguments: FactNode.shells)
    func readOnly(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        try node.file(
            "/proc/self/mountinfo",
            """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
            23 1 8:2 / /data ro,relatime shared:2 master:1 - xfs /dev/sdb ro,attr2
            24 1 8:1 /etc /mnt/etc ro,relatime - ext4 /dev/sda1 rw
            25 1 8:2 / /again ro - xfs /dev/sdb ro
            26 1 0:5 / /snap ro - squashfs /dev/loop0 ro

            """)
        let facts = try await node.ask(.io)
        try facts.expect("facts.io.readOnly == ['/data']")
        try facts.expectUnknown("facts.io.devices", "no time went by")
    }

    private static func stat(_ pid: Int, _ name: String, used: Int, pages: Int) -> String {
        let fields = ["S"] + Array(repeating: "1", count: 10) + ["\(used)", "0"] + Array(repeating: "2", count: 8)
        return "\(pid) (\(name)) \((fields + ["\(pages)"] + Array(repeating: "3", count: 10)).joined(separator: " "))\n"
    }

    @Test(
        "the busiest are found by time, by input and output, by size, each with its pod",
        arguments: FactNode.shells)
    func busiest(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.program("getconf", "case $1 in CLK_TCK) echo 100 ;; *) echo 4096 ;; esac")
        try node.file("/proc/uptime", "100.00 1.00\n")
        var later = ["/proc/uptime": "100.50 1.00\n"]
        for pid in 1...30 {
            try node.file("/proc/\(pid)/stat", Self.stat(pid, "idle", used: 10, pages: 1))
            try node.file("/proc/\(pid)/io", "read_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 5\n")
        }
        later["/proc/7/stat"] = Self.stat(7, "a (b) c) x", used: 50, pages: 3)
        // Six that are not among the first five, and of one pod.
        for pid in 11...16 {
            later["/proc/\(pid)/stat"] = Self.stat(pid, "many", used: 20, pages: 1)
            try node.file("/proc/\(pid)/cgroup", "4:cpu:/kubepods/burstable/podfedcba9876543210fedcba9876543210/beef\n")
        }
        later["/proc/8/io"] = "rchar: 5\nread_bytes: 5000000000\nwrite_bytes: 512\ncancelled_write_bytes: 5\n"
        try node.file("/proc/9/stat", Self.stat(9, "large", used: 10, pages: 3_000_000))
        try node.file(
            "/proc/7/cgroup", "0::/kubepods.slice/kubepods-pod12345678_1234_1234_1234_123456789abc.slice/x.scope\n")
        try node.file("/proc/9/cgroup", "4:cpu:/kubepods/burstable/pod0123456789abcdef0123456789abcdef/beef\n")
        try node.file("/proc/8/cgroup", "0::/system.slice/kubelet.service\n")
        try between(node, later)
        try await node.ask(.busiest).expect(
            "facts.busiest.exists(p, p.pid == 7 && p.command == 'a (b) c) x' && p.cpuPercent == 80.0 "
                + "&& p.pod == '12345678-1234-1234-1234-123456789abc' && p.podCpuPercent == 80.0)",
            "facts.busiest.exists(p, p.command == 'many' && p.cpuPercent == 20.0 && p.podCpuPercent == 120.0 "
                + "&& p.podCpuPercentSoFar > 1.1 && p.podCpuPercentSoFar < 1.3)",
            "facts.busiest.exists(p, p.pid == 8 && p.readBytesPerSecond == 10000000000 && p.writeBytesPerSecond == 1024 "
                + "&& p.pod == '' && p.podCpuPercent == 0.0)",
            "facts.busiest.exists(p, p.pid == 9 && p.memoryBytes == 12288000000 && p.pod == '0123456789abcdef0123456789abcdef')",
            "facts.busiest.size() <= 15", "facts.busiest.all(p, facts.busiest.filter(q, q.pid == p.pid).size() == 1)")
    }

    @Test("a process whose input and output may not be read is unknown in that alone", arguments: FactNode.shells)
    func unreadable(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.program("getconf", "case $1 in CLK_TCK) echo 100 ;; *) echo 4096 ;; esac")
        try node.file("/proc/uptime", "100.00 1.00\n")
        try node.file("/proc/7/stat", Self.stat(7, "x", used: 1, pages: 1))
        try between(node, ["/proc/uptime": "100.50 1.00\n"])
        let facts = try await node.ask(.busiest)
        try facts.expect("facts.busiest[0].pid == 7", "facts.busiest[0].pod == ''")
        try facts.expectUnknown("facts.busiest[0].readBytesPerSecond", "/proc/PID/io is not readable")
    }
}
