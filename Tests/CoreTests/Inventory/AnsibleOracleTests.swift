import Foundation
import Testing

@testable import Core

/// Inventories against what `ansible-inventory --list` of ansible-core 2.19 says of them, recorded as `expected.json`.
@Suite("Ansible inventories, as Ansible reads them")
struct AnsibleOracleTests {
    static let folder = ModelFixture.fixtures.appending(path: "ansible")

    /// Folders with one inventory each; `generated` has many, without files of variables.
    static let cases: [(main: URL, expected: URL)] = {
        let files = FileManager.default
        let folders = (try? files.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        let byHand = folders.compactMap { folder -> (main: URL, expected: URL)? in
            let names = (try? files.contentsOfDirectory(atPath: folder.path)) ?? []
            return names.first { $0.hasPrefix("hosts") }.map {
                (folder.appending(path: $0), folder.appending(path: "expected.json"))
            }
        }
        let generated = folder.appending(path: "generated")
        let names = (try? files.contentsOfDirectory(atPath: generated.path)) ?? []
        return byHand
            + names.filter { $0.hasSuffix(".ini") }.sorted().map {
                (generated.appending(path: $0), generated.appending(path: $0.replacing(".ini", with: ".json")))
            }
    }()

    static func beside(_ main: URL) throws -> [String: [UInt8]] {
        let folder = main.deletingLastPathComponent()
        var files: [String: [UInt8]] = [:]
        for kind in ["group_vars", "host_vars"] {
            for case let path as String in FileManager.default.enumerator(atPath: folder.path + "/" + kind) ?? .init() {
                files["\(kind)/\(path)"] = (try? Data(contentsOf: folder.appending(path: "\(kind)/\(path)"))).map(
                    Array.init)
            }
        }
        return files
    }

    struct Read {
        var groups: [String: Set<String>] = [:]
        var variables: [String: [String: AnsibleValue]] = [:]
    }

    static func read(_ main: URL) throws -> Read {
        let inventory = try AnsibleNodes.parse(Array(Data(contentsOf: main)), file: main.lastPathComponent)
        let groups = try AnsibleGroups(inventory, file: "f")
        var files = AnsibleVariables(try beside(main), inventory: main.path)
        var read = Read()
        for host in inventory.hostNames.compactMap({ inventory.hosts[$0] }) {
            let above = groups.groups(of: host)
            read.groups[host.name] = Set(above)
            read.variables[host.name] = AnsibleNodes.variables(of: host, in: above, inventory, &files)
        }
        #expect(files.faults.isEmpty)
        return read
    }

    /// Host → the groups it is in or below, without `all`.
    static func groups(_ expected: [String: Any]) -> [String: Set<String>] {
        func list(_ group: String, _ key: String) -> [String] {
            (expected[group] as? [String: Any])?[key] as? [String] ?? []
        }
        func hosts(_ group: String) -> Set<String> {
            list(group, "children").reduce(into: Set(list(group, "hosts"))) { $0.formUnion(hosts($1)) }
        }
        var groups: [String: Set<String>] = [:]
        for host in hosts("all") { groups[host] = [] }
        for group in expected.keys where group != "_meta" && group != "all" {
            for host in hosts(group) { groups[host, default: []].insert(group) }
        }
        return groups
    }

    @Test("have the hosts, groups and variables that Ansible finds", arguments: cases.map(\.main.path).indices)
    func same(index: Int) throws {
        let (main, expected) = Self.cases[index]
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: expected))
        let oracle = try #require(object as? [String: Any])
        let read = try Self.read(main)
        #expect(read.groups == Self.groups(oracle), "\(main.path)")
        let meta = try #require((oracle["_meta"] as? [String: Any])?["hostvars"] as? [String: [String: Any]])
        for (host, variables) in read.variables {
            // It is shown of a group, and no variable of a host.
            let expected = meta[host] ?? [:]
            #expect(Set(variables.keys) == Set(expected.keys), "\(main.path) \(host)")
            for (name, value) in variables {
                #expect(
                    Self.isSame(value, expected[name]), "\(main.path) \(host) \(name): \(value.content) \(expected)")
            }
        }
    }

    private static func isSame(_ value: AnsibleValue, _ expected: Any?) -> Bool {
        // As JSON shows a text that is no template.
        let expected = (expected as? [String: Any])?["__ansible_unsafe"] ?? expected
        guard let number = expected as? NSNumber else {
            return expected is NSNull
                ? value.content == .null : value.content == .other || value.text == expected as? String
        }
        switch value.content {
        case .bool(let flag): return number.boolValue == flag && "\(number)" == (flag ? "1" : "0")
        case .int(let integer): return number.int64Value == integer
        default: return value.content == .other
        }
    }

    @Test("there are cases")
    func some() { #expect(Self.cases.count >= 40) }
}
