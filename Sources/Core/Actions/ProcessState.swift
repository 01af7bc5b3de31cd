/// Reads what ``ProcessScripts/observe`` prints of processes.
enum ProcessState {
    /// Where output goes that nobody takes.
    static let nowhere = "/dev/null"

    /// The one process that is meant, or none; its children of the same name do not count.
    static func parse(_ output: CommandOutput, name: String, match: String) throws(ObservationError) -> Observation {
        let blocks = try blocks(try output.text(of: "looking for \(name)"))
        let node = blocks[0]
        let found = blocks.dropFirst()
        let all = Set(found.compactMap { $0["process"] })
        let tops = found.filter { $0["parent"] == $0["process"] || !all.contains($0["parent"] ?? "") }
        guard let one = tops.first else {
            return Observation(["running": .text("no"), "boot": .text(node["boot"] ?? "")])
        }
        guard tops.count == 1 else {
            let list = tops.prefix(10).map { $0["process"] ?? "?" }.joined(separator: ", ")
            throw ObservationError(
                "there are \(tops.count) processes called \(name) (\(list))",
                remedy: "Give 'match', a text that only the command line of the one that is meant holds")
        }
        return try observation(of: one, node)
    }

    /// The node's own lines, then those of each process, none of which may be cut short.
    private static func blocks(_ text: String) throws(ObservationError) -> [[String: String]] {
        var blocks: [[String: String]] = [[:]]
        var isOpen = false
        var isComplete = false
        for line in text.lines {
            guard let mark = line.firstIndex(of: "=") else { continue }
            let (key, value) = (String(line[..<mark]), String(line[line.index(after: mark)...]))
            switch key {
            case "process":
                guard !isOpen else { throw torn }
                isOpen = true
                blocks.append([key: value])
            case "end":
                guard isOpen, blocks.last?["process"] == value else { throw torn }
                isOpen = false
            case "complete": isComplete = true
            default: blocks[blocks.count - 1][key] = blocks[blocks.count - 1][key] ?? value
            }
        }
        guard isComplete, !isOpen, blocks[0]["boot"]?.isEmpty == false else { throw torn }
        return blocks
    }

    private static let torn = ObservationError(
        "what was said of the processes is not whole", remedy: "One may have ended meanwhile; plan again")

    private static func observation(
        of one: [String: String], _ node: [String: String]
    ) throws(ObservationError) -> Observation {
        guard let pid = one["process"].flatMap({ UInt32($0) }), pid > 1,
            let started = one["started"].flatMap({ UInt64($0) }),
            let program = one["program"], program.hasPrefix("/"), let group = one["group"], let users = one["users"]
        else { throw torn }
        let path = undeleted(program)
        var observation = Observation([
            "running": .text("yes"), "pid": .text("\(pid)"), "started": .text("\(started)"),
            "parent": .text(one["parent"] ?? ""), "boot": .text(node["boot"] ?? ""), "program": .text(path),
            "user": .text(words(users).first ?? ""),
        ])
        if program != path { observation["replaced"] = .text("yes") }
        switch Keeper(group) {
        case .unit(let unit):
            observation["keeper"] = .text("unit")
            observation["unit"] = .text(unit)
        case .pod(let pod, let container, let client):
            observation["keeper"] = .text("pod")
            observation["pod"] = .text(pod)
            observation["podContainer"] = .text(container)
            observation["client"] = .text(client)
            if node[client] != "yes" { observation["obstacle"] = .text("\(client) is not on the node") }
        case .container(let container, let client):
            observation["keeper"] = .text("container")
            observation["container"] = .text(container)
            observation["client"] = .text(client)
            if node[client] != "yes" { observation["obstacle"] = .text("\(client) is not on the node") }
        case .nobody:
            try readBare(one, node, into: &observation)
        }
        return observation
    }

    private static func readBare(
        _ one: [String: String], _ node: [String: String], into observation: inout Observation
    ) throws(ObservationError) {
        guard let folder = one["folder"], let way = one["way"], way.utf8.count == 64,
            way.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { throw torn }
        observation["keeper"] = .text("nobody")
        observation["folder"] = .text(folder)
        observation["way"] = .text(way)
        observation["words"] = .text(one["words"] ?? "")
        for (number, field) in ["input", "output", "errors"].enumerated() {
            observation[field] = .text(stream(one["stream\(number)"] ?? ""))
        }
        if let obstacle = obstacle(one, node) { observation["obstacle"] = .text(obstacle) }
    }

    /// A file's path, or what else it is, without what changes with every process.
    private static func stream(_ link: String) -> String {
        if link.hasPrefix("pipe:") { return "pipe" }
        if link.hasPrefix("socket:") { return "socket" }
        if link.hasSuffix(" (deleted)") { return "deleted file" }
        if link.hasPrefix("/dev/"), ["pts/", "tty", "console"].contains(where: link.dropFirst(5).hasPrefix) {
            return "terminal"
        }
        return link.hasPrefix("/") ? link : "closed or unknown stream"
    }

    private static func undeleted(_ link: String) -> String {
        link.hasSuffix(" (deleted)") ? String(link.dropLast(10)) : link
    }

    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

    /// Why it could not be started again as it was; nil when it can.
    private static func obstacle(_ one: [String: String], _ node: [String: String]) -> String? {
        func isOne(_ key: String) -> Bool { Set(words(one[key] ?? "")).count == 1 }
        let isRoot = words(one["users"] ?? "").first == "0"
        let capabilities = one["capabilities"] ?? ""
        if one["executable"] != "yes" { return "its program is not there any more" }
        if !isOne("users") || !isOne("owners") { return "it runs as several users or groups at once" }
        if isRoot ? capabilities != node["ownCapabilities"] : capabilities.contains(where: { $0 != "0" }) {
            return "it has other capabilities than its user has by itself"
        }
        if one["privileges"] ?? "0" != "0" || one["seccomp"] ?? "" != node["ownSeccomp"] ?? "" {
            return "somebody confined it (no new privileges, seccomp)"
        }
        if one["namespaces"] != "yes" { return "it runs in namespaces of its own, in no container that is known" }
        if one["root"] != "/" { return "it runs in a root folder of its own" }
        if one["folder"]?.hasPrefix("/") != true || one["folder"]?.hasSuffix(" (deleted)") == true {
            return "the folder it runs in is gone"
        }
        if one["odd"].map(words) != ["0", "0"] { return "its environment holds names that a shell cannot hand on" }
        if (Int(one["words"] ?? "") ?? 0) < 1 { return "it has overwritten its command line" }
        if node["bash"]?.hasPrefix("/") != true || node["setpriv"]?.hasPrefix("/") != true {
            return "bash and setpriv are needed for that, and are not both on the node"
        }
        return nil
    }

    /// Who runs a process and would start it again, by its cgroup.
    enum Keeper: Equatable {
        case unit(String)
        case pod(String, container: String, client: String)
        case container(String, client: String)
        case nobody

        /// Reads a path such as `/kubepods.slice/kubepods-pod4f….slice/cri-containerd-9a….scope`.
        init(_ path: String) {
            let parts = path.split(separator: "/").map(String.init)
            let container = parts.reversed().lazy.compactMap(Keeper.identifier).first
            if let container, let pod = parts.lazy.compactMap(Keeper.pod).first {
                self = .pod(pod, container: container.id, client: container.client ?? "crictl")
            } else if let container {
                self = .container(container.id, client: container.client ?? "docker")
            } else if let unit = parts.last(where: { $0.hasSuffix(".service") }), !Keeper.isForPeople(unit) {
                self = .unit(unit)
            } else {
                self = .nobody
            }
        }

        /// `docker-9a….scope`, `cri-containerd-9a….scope`, `9a…`: 64 hexadecimal digits, and whose they are.
        private static func identifier(_ part: String) -> (id: String, client: String?)? {
            let stem = part.hasSuffix(".scope") ? String(part.dropLast(6)) : part
            let id = stem.utf8.suffix(64)
            guard id.count == 64, id.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else {
                return nil
            }
            let clients = ["docker-": "docker", "libpod-": "podman"]
            return (String(Substring(id)), clients[String(stem.dropLast(64))])
        }

        /// `pod4f…` of `kubepods-besteffort-pod4f….slice` or of a folder of that name.
        private static func pod(_ part: String) -> String? {
            let stem = part.hasSuffix(".slice") ? String(part.dropLast(6)) : part
            let name = stem.hasPrefix("pod") ? stem : stem.split(separator: "-").last.map(String.init) ?? ""
            return name.hasPrefix("pod") && name.utf8.count >= 32 ? name : nil
        }

        /// Whose processes were started by people and timetables, and belong to none of the unit's work.
        private static func isForPeople(_ unit: String) -> Bool {
            let stem = unit.dropLast(8).prefix { $0 != "@" }
            return ["ssh", "sshd", "cron", "crond", "atd", "getty", "serial-getty", "rc-local"].contains(String(stem))
        }
    }
}
