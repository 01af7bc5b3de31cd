import FoundationEssentials
import Glibc

/// The `%` tokens, `~` and `${VARIABLE}` in paths and names of ssh_config(5), which `ssh -G` prints unexpanded.
struct Tokens: Sendable {
    /// The remote host name, after HostName.
    var host: String
    /// The name given on the command line.
    var original: String
    var port: UInt16
    var remoteUser: String
    var hostKeyAlias: String?
    var local = Local()

    /// What does not depend on the host.
    struct Local: Sendable {
        var home = ""
        var user = ""
        var uid = getuid()
        var hostName = ""
        var environment: [String: String] = [:]
    }

    /// The text with everything expanded; nil when it has something only OpenSSH knows, such as `%C`.
    func expand(_ text: String) -> String? {
        var result = ""
        var rest = text[...]
        if rest == "~" || rest.hasPrefix("~/") {
            result = local.home
            rest = rest.dropFirst()
        } else if rest.hasPrefix("~") {
            return nil
        }
        while let character = rest.popFirst() {
            switch character {
            case "%":
                guard let token = rest.popFirst(), let value = value(token) else { return nil }
                result += value
            case "$" where rest.hasPrefix("{"):
                guard let end = rest.firstIndex(of: "}"),
                    let value = local.environment[String(rest[rest.index(after: rest.startIndex)..<end])]
                else { return nil }
                result += value
                rest = rest[rest.index(after: end)...]
            default: result.append(character)
            }
        }
        return result
    }

    private func value(_ token: Character) -> String? {
        switch token {
        case "%": "%"
        case "d": local.home
        case "h": host
        case "i": String(local.uid)
        case "k": hostKeyAlias ?? original
        case "L": local.hostName.split(separator: ".").first.map(String.init) ?? ""
        case "l": local.hostName
        case "n": original
        case "p": String(port)
        case "r": remoteUser
        case "u": local.user
        default: nil
        }
    }
}

extension Tokens.Local {
    /// The one who runs this process. As ssh(1), the home is that of the user's entry, whatever HOME says.
    static func ofThisProcess() -> Tokens.Local {
        var local = Tokens.Local()
        local.environment = ProcessInfo.processInfo.environment
        local.hostName = ProcessInfo.processInfo.hostName
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        if getpwuid_r(getuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil {
            local.home = String(cString: entry.pw_dir)
            local.user = String(cString: entry.pw_name)
        }
        return local
    }
}
