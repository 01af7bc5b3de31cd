import Crypto

extension PublicKey {
    /// The picture that ssh-keygen(1) -lv shows of a key: eleven lines, without a line break at the end.
    ///
    /// The fingerprint steers a bishop over a board of 17 by 9 squares from its middle, two bits a step; what is drawn is
    /// how often each square was visited (D. Loss and others, "The drunken bishop: An analysis of the OpenSSH fingerprint
    /// visualization algorithm", 2009).
    public var randomArt: String {
        let (width, height) = (17, 9)
        let marks = Array(" .o+=*BOX@%&#/^")
        var visits = [Int](repeating: 0, count: width * height)
        var (x, y) = (width / 2, height / 2)
        for byte in SHA256.hash(data: blob) {
            for shift in stride(from: 0, to: 8, by: 2) {
                let bits = byte >> UInt8(shift)
                x = min(max(x + (bits & 1 == 0 ? -1 : 1), 0), width - 1)
                y = min(max(y + (bits & 2 == 0 ? -1 : 1), 0), height - 1)
                visits[y * width + x] += 1
            }
        }
        var squares = visits.map { marks[min($0, marks.count - 1)] }
        squares[height / 2 * width + width / 2] = "S"
        squares[y * width + x] = "E"
        let rows = (0..<height).map { "|" + String(squares[($0 * width)..<(($0 + 1) * width)]) + "|" }
        return ([Self.border(artTitle, width)] + rows + [Self.border("[SHA256]", width)]).joined(separator: "\n")
    }

    /// What the key is called above its picture, with its size if that fits.
    private var artTitle: String {
        let name = shortName
        let title = size.map { "[\(name) \($0)]" } ?? "[\(name)]"
        return title.utf8.count < 17 ? title : "[\(name.prefix(15))]"
    }

    private static func border(_ title: String, _ width: Int) -> String {
        let left = (width - title.utf8.count) / 2
        let right = width - title.utf8.count - left
        return "+" + String(repeating: "-", count: left) + title + String(repeating: "-", count: right) + "+"
    }

    /// The type's name as ssh-keygen(1) -l shows it.
    public var shortName: String {
        switch type {
        case "ssh-ed25519": "ED25519"
        case "ssh-rsa": "RSA"
        case "ssh-dss": "DSA"
        case _ where type.hasPrefix("ecdsa-sha2-"): "ECDSA"
        default: printable(type.utf8)
        }
    }

    /// Bits, nil for a type that is not known here.
    var size: Int? {
        switch type {
        case "ssh-ed25519", "ecdsa-sha2-nistp256": return 256
        case "ecdsa-sha2-nistp384": return 384
        case "ecdsa-sha2-nistp521": return 521
        case "ssh-rsa":
            var reader = WireReader(blob)
            guard reader.string() != nil, reader.string() != nil, let modulus = reader.positive() else { return nil }
            return Self.bitWidth(modulus)
        default: return nil
        }
    }
}
