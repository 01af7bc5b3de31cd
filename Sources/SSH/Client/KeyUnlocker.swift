import Glibc

/// Opens keys that have a passphrase, in an `ssh-agent` of its own, which holds them as long as this process lives:
/// `ssh-add` asks on the terminal, once for each key and never once for each host.
public actor KeyUnlocker {
    private var folder: PrivateFolder?
    private var agent: Task<Void, Never>?
    private var opened: [String: Task<String, any Error>] = [:]
    private let oneByOne = Turns(1)

    /// Added to what ssh-add inherits, for a program that answers in a person's place (SSH_ASKPASS).
    private let environment: [String: String]

    /// An unlocker that has opened nothing yet.
    public init() { environment = [:] }

    init(environment: [String: String]) { self.environment = environment }

    /// The socket of an agent that holds the key.
    /// - Throws: ``SSHError`` with code `keyEncrypted` when nobody gave the passphrase.
    func unlock(_ path: String) async throws(SSHError) -> String {
        let task =
            opened[path]
            ?? Task { try await oneByOne.take { try await self.add(path) } }
        opened[path] = task
        do {
            return try await task.value
        } catch {
            throw error as? SSHError ?? refusal(path, "\(error)")
        }
    }

    /// Ends the agent, and with it all that it holds.
    public func close() async {
        agent?.cancel()
        await agent?.value
        agent = nil
        folder?.remove()
        folder = nil
        opened = [:]
    }

    private func add(_ path: String) async throws -> String {
        let socket = try await startAgent(for: path)
        // ssh-add asks on /dev/tty, or through SSH_ASKPASS; a person may need a while.
        let add = Program(
            name: "ssh-add", arguments: ["-q", "--", path],
            environment: environment.merging(["SSH_AUTH_SOCK": socket]) { $1 })
        let result: Program.Result
        do {
            result = try await add.run(within: .seconds(300), limit: 65536)
        } catch {
            throw refusal(path, error.message)
        }
        guard result.status == 0 else { throw refusal(path, "ssh-add says: \(printable(result.errors))") }
        return socket
    }

    private func startAgent(for path: String) async throws -> String {
        if let folder { return folder.socket }
        let folder = try PrivateFolder(host: path)
        self.folder = folder
        let socket = folder.socket
        // It lives as long as its command, which reads our end of a pipe: when this process ends, so does it.
        agent = Task { await Program(name: "ssh-agent", arguments: ["-a", socket, "cat"]).hold() }
        for _ in 0..<200 where access(socket, F_OK) != 0 { try await Task.sleep(for: .milliseconds(10)) }
        guard access(socket, F_OK) == 0 else { throw refusal(path, "ssh-agent did not start") }
        return socket
    }

    private func refusal(_ path: String, _ cause: String) -> SSHError {
        SSHError(
            .keyEncrypted, .authentication, host: path, "the key has a passphrase, and it was not given: \(cause)",
            remedy: "run in a terminal, or load the key first (ssh-add \(path))")
    }
}
