import Glibc

/// Wall-clock time, CPU and memory of this process from `init` to `end()`.
package struct Measurement {
    private let start = ContinuousClock.now
    private let startCPU = cpuSeconds()
    private let base = memory("VmRSS:")
    private var seconds = 0.0
    private var cpu = 0.0
    private var held = 0
    private var peak = 0
    /// Output that was read.
    package var bytes = 0
    /// What else was measured, by name.
    package var more: [(name: String, value: Double)] = []

    /// Begins now.
    package init() {}

    package mutating func end() {
        seconds = (ContinuousClock.now - start) / .seconds(1)
        cpu = cpuSeconds() - startCPU
        held = memory("VmRSS:")
        peak = memory("VmHWM:")
    }

    /// From `init` to `end`.
    package var duration: Double { seconds }

    package var json: String {
        """
        {"seconds": \(seconds), "cpu_seconds": \(cpu), "base_kb": \(base), "held_kb": \(held), "peak_kb": \(peak), \
        "bytes": \(bytes), \(more.map { "\"\($0.name)\": \($0.value), " }.joined())"failed": 0}
        """
    }
}

private func cpuSeconds() -> Double {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
}

/// A field of /proc/self/status, in kB.
private func memory(_ field: String) -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return -1 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if text.hasPrefix(field) { return Int(text.split(separator: " ").dropLast().last ?? "") ?? -1 }
    }
    return -1
}

package func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
