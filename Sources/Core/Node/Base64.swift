import Foundation

/// RFC 4648 §4 base64 over byte arrays, the form in which bytes cross a shell.
public enum Base64 {
    /// Padded base64 on one line.
    public static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
    }

    /// The bytes, or nil when the text is not strict padded base64.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        Data(base64Encoded: String(text)).map(Array.init)
    }
}
