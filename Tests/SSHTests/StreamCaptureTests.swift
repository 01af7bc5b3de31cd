import Crypto
import Testing

@testable import SSH

@Suite("Cutting a script's output out of a stream")
struct StreamCaptureTests {
    private let nonce = "00112233445566778899aabbccddeeff"

    private func capture(_ text: String, chunk: Int, limit: Int = 1000) -> StreamCapture {
        var capture = StreamCapture(nonce: nonce, limit: limit)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            bytes[start..<min(start + chunk, bytes.count)].withUnsafeBytes { capture.append($0) }
        }
        capture.finish()
        return capture
    }

    @Test("marks are found however the stream is cut", arguments: 1...90)
    func chunks(_ size: Int) {
        let result = capture("hello\n\u{1E}\(nonce) B\nout\u{1E}put\u{1E}\(nonce) E 7\nlate", chunk: size)
        #expect(result.hasEnded)
        #expect(result.status == "7")
        #expect(result.captured.text == "out\u{1E}put")
        #expect(result.noise == Array("hello\n".utf8))
    }

    @Test(
        "what only resembles an end mark is output",
        arguments: [
            "\u{1E}", "\u{1E}00112233", "\u{1E}ffffffffffffffffffffffffffffffff E 0\n",
            "\u{1E}00112233445566778899aabbccddeeff F 0\n", "\u{1E}00112233445566778899aabbccddeeff E 0",
            "\u{1E}00112233445566778899aabbccddeeff E 000000000000000000000000000000\n",
        ])
    func lookalikes(_ text: String) {
        let result = capture("\u{1E}\(nonce) B\n\(text)", chunk: 7)
        #expect(!result.hasEnded)
        #expect(result.captured.text == text)
    }

    @Test("an end mark before the begin mark is noise")
    func endFirst() {
        let result = capture("\u{1E}\(nonce) E 0\n", chunk: 100)
        #expect(!result.hasBegun)
        #expect(result.status == nil)
    }

    @Test("only the head is kept, but all is counted and hashed")
    func bounded() {
        let body = String(repeating: "0123456789", count: 1000)
        let captured = capture("\u{1E}\(nonce) B\n\(body)\u{1E}\(nonce) E 0\n", chunk: 333, limit: 15).captured
        #expect(captured.text == "012345678901234")
        #expect(captured.length == 10000)
        #expect(captured.isTruncated)
        #expect(captured.sha256 == Array(SHA256.hash(data: Array(body.utf8))))
    }

    @Test("endless start-up noise stays within its bound")
    func noise() {
        #expect(capture(String(repeating: "x", count: 100_000), chunk: 1000).noise.count == 4096)
    }
}
