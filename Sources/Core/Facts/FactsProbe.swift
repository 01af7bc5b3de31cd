/// The read-only questions that all of a node's facts come from, meant to go over in one round trip.
///
/// Every command is a program that needs nothing installed for it, is bounded in time, and whose output is small on a
/// healthy node; the rest of the bounds (bytes kept, overall time) are the reader's. Answers are hostile: ``parse(_:)``
/// never fails, an answer it cannot read makes that fact an unknown with the cause.
public struct FactsProbe: Sendable {
    /// Services whose state is always asked for.
    public static let defaultServices: Set<String> = ["kubelet", "containerd", "docker", "ssh"]

    /// The services asked for, sorted.
    public let services: [String]

    /// Asks for these services and ``defaultServices``.
    public init(services: some Sequence<String>) {
        self.services = Self.defaultServices.union(services).sorted()
    }

    /// The commands; their outputs go to ``parse(_:)`` in the same order.
    public func commands() -> [Command] { Question.allCases.map(\.command) + services.map(Self.show) }

    /// Reads the outputs of ``commands()``. Missing ones make their facts unknown.
    public func parse(_ outputs: [CommandOutput]) -> Facts { parse(Answers(outputs: outputs)) }

    func parse(_ answers: Answers) -> Facts {
        let uptime = answers.text(.uptime).flatMap(MachineFacts.uptime)
        return Facts(
            services: Dictionary(
                uniqueKeysWithValues: services.enumerated().map { index, name in
                    let answer =
                        UnitName.isValid(name)
                        ? answers.text(at: Question.allCases.count + index)
                        : .unknown("'\(name)' is not the name of a unit")
                    return (name, answer.flatMap { ServiceFacts.service($0, uptime: uptime) })
                }),
            kubelet: .init(healthz: answers.text(.healthz).flatMap(MachineFacts.httpStatus)),
            firewall: FirewallFacts.firewall(
                version: answers.text(.iptablesVersion), saved: answers.text(.iptablesSave)),
            disks: DiskFacts.disks(bytes: answers.text(.diskBytes), inodes: answers.text(.diskInodes)),
            uptime: uptime,
            machine: .init(
                id: answers.text(.machineId).flatMap(MachineFacts.identifier),
                bootId: answers.text(.bootId).flatMap(MachineFacts.identifier),
                hostname: answers.text(.hostname).flatMap(MachineFacts.word),
                os: answers.text(.osRelease).flatMap(MachineFacts.prettyName),
                kernel: answers.text(.kernel).flatMap(MachineFacts.word)))
    }

    /// `systemctl show` exits 0 for unknown units too (LoadState=not-found). Patterns would match many units, so names
    /// that are none are not sent at all.
    private static func show(_ service: String) -> Command {
        guard UnitName.isValid(service) else { return Command(["true"]) }
        return Command([
            "systemctl", "show", "--no-pager",
            "--property=LoadState,ActiveState,SubState,UnitFileState,NRestarts,MainPID,ExecMainStartTimestampMonotonic",
            "--", service,
        ])
    }
}

/// The questions every node is asked, in the order they are sent: the time first, so that "stable for" errs on the short
/// side.
enum Question: Int, CaseIterable {
    case uptime, machineId, bootId, hostname, osRelease, kernel, iptablesVersion, iptablesSave, diskBytes, diskInodes
    case healthz

    var command: Command {
        switch self {
        case .uptime: Command(["cat", "/proc/uptime"])
        case .machineId: Command(["cat", "/etc/machine-id"])
        case .bootId: Command(["cat", "/proc/sys/kernel/random/boot_id"])
        case .hostname: Command(["cat", "/proc/sys/kernel/hostname"])
        case .osRelease: Command(["cat", "/etc/os-release"])
        case .kernel: Command(["cat", "/proc/sys/kernel/osrelease"])
        case .iptablesVersion: Command(["iptables", "--version"])
        case .iptablesSave: Command(["iptables-save"])
        // Local filesystems only, as a dead NFS server blocks df for ever. Status 1: one of them could not be read;
        // it is then missing, and asking for it is an error.
        case .diskBytes: Command(["timeout", "5", "df", "-P", "-l", "-B1", "-T"], accepts: [0, 1])
        case .diskInodes: Command(["timeout", "5", "df", "-P", "-l", "-i"], accepts: [0, 1])
        case .healthz: Self.healthz(within: "3")
        }
    }

    /// Bytes of the answer that are worth reading where all facts of a node are asked at once.
    var limit: Int {
        switch self {
        case .iptablesSave: 4 << 10
        case .diskBytes, .diskInodes: 8 << 10
        case .osRelease: 2 << 10
        default: 256
        }
    }

    /// The kubelet's own health, waited for so many seconds.
    static func healthz(within seconds: String) -> Command { .shell(healthzScript, [seconds]) }

    /// curl where there is one, else bash's own sockets. A refused connection and a timeout are answers: `000`.
    private static let healthzScript: StaticString = """
        if command -v curl >/dev/null 2>&1; then
          curl --silent --noproxy '*' --max-time "$1" --output /dev/null --write-out '%{http_code}\\n' \
        http://127.0.0.1:10248/healthz
          case $? in 0|7|28|52|56) exit 0 ;; *) exit 1 ;; esac
        elif command -v bash >/dev/null 2>&1; then
          line=$(timeout "$1" bash -c 'exec 3<>/dev/tcp/127.0.0.1/10248 || exit 1
            printf "GET /healthz HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\n\\r\\n" >&3
            IFS= read -r line <&3; printf %s "$line"' 2>/dev/null | tr -d '\\000\\r')
          set -- $line
          case $2 in [1-5][0-9][0-9]) echo "$2" ;; *) echo 000 ;; esac
        else
          echo 'neither curl nor bash is installed' >&2; exit 69
        fi
        """
}

/// Names that `systemctl` takes for one unit, not for an option or a pattern.
enum UnitName {
    static func isValid(_ name: String) -> Bool {
        let others = Set(":-_.\\@".utf8)
        return (1...255).contains(name.utf8.count) && name.utf8.first != 0x2D
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || others.contains(byte)
            }
    }
}
