@testable import Core

/// What kubectl 1.32 printed through the views of the actions on workloads, and how these are made.
enum WorkloadFixture {
    static let shop: [String: ArgumentValue] = [
        "kind": .text("Deployment"), "namespace": .text("web"), "name": .text("shop"),
    ]
    static let corefile: [String: ArgumentValue] = [
        "namespace": .text("kube-system"), "name": .text("coredns"), "key": .text("Corefile"),
        "content": .text("new\n"),
    ]

    static func make<A: Action>(_ type: A.Type, _ more: [String: ArgumentValue] = [:]) throws -> A {
        let host: [String: ArgumentValue] = ["kubeconfig": .text("/etc/kubernetes/admin.conf"), "run": .text("r-1")]
        let own = type == ConfigMapRestore.self ? corefile : shop
        return try type.init(arguments: Arguments(host.merging(own) { $1 }.merging(more) { $1 }))
    }

    /// A guarded write, from its command.
    struct Write: Equatable {
        var object: [String], view: String, goal: String, others: String, change: [String], from: [String]

        init?(_ command: Command?) {
            guard let words = command?.argv.dropFirst(4).map(\.self), words.count > 11, words[7] == "belay" else {
                return nil
            }
            (object, view, goal, others) = (Array(words[0...3]), words[4], words[5], words[6])
            (change, from) = (Array(words[8...10]), Array(words[11...]))
        }
    }

    static let strategy = "\npaused=no\nstrategy=RollingUpdate\npartition="

    /// A template as it is shown.
    static func shown(_ image: String) -> String {
        let containers =
            "\n .containers\n [\n (\n .env\n [\n (\n .name\n =\"TOKEN\"\n .value\n *\n )\n ]\n .image\n =\"\(image)\"\n )\n ]"
        return "\n (\n .metadata\n (\n .labels\n (\n .app\n =\"shop\"\n )\n )\n .spec\n (\(containers)\n )\n )"
    }

    static let sums = ["app:3": String(repeating: "3", count: 64), "app:2": String(repeating: "2", count: 64)]

    /// A workload that runs `now`, and its revisions with their images, the latest first.
    static func printed(
        _ now: String = "app:3", strategy: String = strategy, limit: String = "10",
        revisions: [(number: Int, image: String)] = [(10, "app:3"), (9, "app:2")]
    ) -> String {
        let workload = "uid=d-1\(strategy)\nlimit=\(limit)\(shown(now))\nsha256=\(sums[now] ?? "")\n"
        return zip(["latest", "target"], revisions).reduce(workload) { text, revision in
            let (which, (number, image)) = revision
            return text
                + "\(which) d-1 \(number) shop-\(number) r-\(number)\n\(shown(image))\nsha256=\(sums[image] ?? "")\n"
        }
    }
}
