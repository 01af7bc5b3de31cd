import FuzzTargets
import Glibc

/// libFuzzer's loop (`-sanitize=fuzzer` links it), which calls `callback` with one input after the other. Its own `main`
/// is of no use: the package manager makes one of this file.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private let target: FuzzTargets.Target = {
    let name = getenv("BELAY_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTargets.all[name] else {
        print("BELAY_FUZZ_TARGET must be one of: \(FuzzTargets.all.keys.sorted().joined(separator: ", "))")
        exit(2)
    }
    return target
}()

private var count = CommandLine.argc
private var arguments = CommandLine.unsafeArgv
let status = runDriver(&count, &arguments) { start, count in
    target(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
exit(status)
