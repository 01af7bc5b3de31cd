import Measuring
import SSH

/// `client lookups FILE COUNT NAME`: reads a known_hosts file, and then looks a name up so many times.
struct Lookups {
    let file: String
    let count: Int
    let name: String

    /// Nil when the words ask for something else.
    init?(_ words: [String]) {
        guard words.count == 5, words[1] == "lookups", let count = Int(words[3]) else { return nil }
        (file, self.count, name) = (words[2], count, words[4])
    }

    func measure() throws -> String {
        let hosts = try KnownHosts(files: [file])
        let endpoint = Endpoint(host: name, user: "u")
        var (found, measurement) = (0, Measurement())
        for _ in 0..<count { found += hosts.record(of: endpoint).trusted.count }
        measurement.end()
        guard found == count else { throw Arguments.Usage() }
        return measurement.json
    }
}
