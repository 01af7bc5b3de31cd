import ArgumentParser
import Core
import Engine

/// How nodes are reached, where the inventory and ssh's configuration do not say it.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "auto, libssh2 or openssh; the inventory's unless given. auto takes OpenSSH for what libssh2 cannot do.",
            valueName: "name"))
    var transport: TransportName?

    @Flag(help: "Ask once for a password, for nodes that take no key.")
    var askPassword = false

    /// As the engine takes them.
    var choices: Connector.Choices {
        var choices = Connector.Choices()
        choices.transport = transport.flatMap { Inventory.Transport(rawValue: $0.rawValue) }
        if askPassword {
            choices.askPassword = { host in await Person.askHidden("Password for \(host.printable): ") }
        }
        return choices
    }
}

/// The transports by the inventory's names for them.
enum TransportName: String, ExpressibleByArgument, CaseIterable, Sendable {
    case auto, libssh2, openssh
}
