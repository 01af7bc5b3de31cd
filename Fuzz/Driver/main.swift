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

private let target: FuzzTarget = {
    let name = getenv("BELAY_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        print("BELAY_FUZZ_TARGET must be one of: \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
        exit(2)
    }
    return target
}()

private var count = CommandLine.argc
private var arguments = CommandLine.unsafeArgv
let status = runDriver(&count, &arguments) { start, count in
    target.take(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
exit(status)
