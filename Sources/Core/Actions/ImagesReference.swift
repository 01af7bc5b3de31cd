/// Names of images as clients print them: judged before they become an argument of a command.
enum ImageReference {
    /// Letters, digits and `._-/:@+`, led by a letter or a digit: what the distribution's grammar allows, and never an option.
    static func isPlain(_ text: String) -> Bool {
        guard (1...512).contains(text.utf8.count), let first = text.utf8.first, isAlphanumeric(first) else {
            return false
        }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "._-/:@+".utf8.contains($0) }
    }

    /// `sha256:` and 64 lower-case hex digits.
    static func isDigest(_ text: some StringProtocol) -> Bool {
        text.hasPrefix("sha256:") && isHex(text.dropFirst(7))
    }

    /// 64 lower-case hex digits.
    static func isHex(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
                default: false
                }
            }
    }

    /// True for `repository@sha256:…`: what a registry can be asked for and give only the very same image.
    static func isSource(_ name: String) -> Bool {
        guard let at = name.firstIndex(of: "@"), at != name.startIndex else { return false }
        return isDigest(name[name.index(after: at)...])
    }

    /// The part behind the `@`; empty when there is none.
    static func digest(of name: String) -> String {
        name.firstIndex(of: "@").map { String(name[name.index(after: $0)...]) } ?? ""
    }

    /// The part before the tag and the digest.
    static func repository(of name: String) -> String {
        let path = name.prefix { $0 != "@" }
        guard let colon = path.lastIndex(of: ":"), !path[colon...].contains("/") else { return String(path) }
        return String(path[..<colon])
    }

    /// The host that serves a repository; Docker Hub's when the name has none.
    static func registry(of name: String) -> String { host(of: name) ?? hub }

    /// The long form, so that what docker prints as `busybox` equals a flag's `docker.io/library/busybox:latest`.
    static func canonical(_ name: String) -> String {
        guard !isDigest(name) else { return name }
        let repository = repository(of: name)
        let host = host(of: name)
        var path = host.map { String(repository.dropFirst($0.count + 1)) } ?? repository
        if host ?? hub == hub, !path.contains("/") { path = "library/" + path }
        let tag = name.dropFirst(repository.count).prefix { $0 != "@" }
        let version = name.firstIndex(of: "@").map { name[$0...] } ?? (tag.isEmpty ? ":latest" : tag)
        return (host ?? hub) + "/" + path + version
    }

    private static let hub = "docker.io"

    private static func host(of name: String) -> String? {
        guard let slash = name.firstIndex(of: "/") else { return nil }
        let first = name[..<slash]
        return first.contains(".") || first.contains(":") || first == "localhost" ? String(first) : nil
    }

    /// True when the last part of the repository says `pause`: a sandbox image of some version of some runtime.
    static func isPause(_ name: String) -> Bool {
        let last = repository(of: name).split(separator: "/").last ?? ""
        return last.split(separator: "-").contains("pause")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
