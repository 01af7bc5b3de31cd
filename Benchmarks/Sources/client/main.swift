import Glibc
import Measuring
import SSH

// The same work as `floor`, by Belay's own client; the same arguments and the same line of JSON.
do {
    if let lookups = Lookups(CommandLine.arguments) {
        print(try lookups.measure())
        exit(0)
    }
    let arguments = try Arguments(CommandLine.arguments)
    let identity = try Identity(arguments)
    let loops = try LoopGroup(count: 1)
    let bench = Bench(arguments, identity, loops)
    try await bench.warmUp()
    print(try await bench.measure().json)
    await loops.shutdown()
} catch {
    print("client: \(error)")
    exit(1)
}
