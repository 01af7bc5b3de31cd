import Core
import Foundation
import RandomStates
import Testing

/// The one line a write script prints, read from a node that may print anything.
@Suite("node answer")
struct NodeAnswerTests {
    @Test(
        "each answer is read",
        arguments: [
            ("granted 7\n", NodeAnswer.granted(epoch: 7, inMemory: false)),
            ("granted 7 memory\n", .granted(epoch: 7, inMemory: true)), ("released\n", .released), ("armed\n", .armed),
            ("won\n", .won),
            ("none\n", .noDeadMan), ("running\n", .running), ("absent\n", .absent),
            ("lost a a\n", .lost(rebooted: false)), ("lost a b\n", .lost(rebooted: true)),
            ("reverted 4\nout aGk=\n", .reverted(status: 4, rebooted: false, output: Payload("hi"))),
            ("reverted 0 rebooted\nout aGk=\n", .reverted(status: 0, rebooted: true, output: Payload("hi"))),
            ("done 0 2 boot\nout aGk=\n", .done(status: 0, failedAt: 2, output: Payload("hi"))),
            ("done 9 0\nout \n", .done(status: 9, failedAt: 0, output: Payload(""))),
            ("refused lease r1 2\n", .refused("lease r1 2")),
        ])
    func sound(printed: String, answer: NodeAnswer) throws {
        #expect(try NodeAnswer(parsing: Array(printed.utf8)) == answer)
    }

    @Test(
        "anything else is an error that shows its start and nothing that a terminal would act on",
        arguments: [
            "", "\n", " ", "granted\n", "granted x\n", "granted 1 2\n", "granted x memory\n", "granted 1 memory 2\n",
            "reverted 0 lost\n", "granted 99999999999999999999\n",
            "released now\n",
            "won 1\n", "done 0\n", "done x 0\n", "lost a\n", "reverted\n", "refused\n", "Welcome!\nwon\n",
            "\u{1b}[2Jwon\n",
            "WON\n",
        ])
    func hostile(printed: String) {
        #expect {
            try NodeAnswer(parsing: Array(printed.utf8))
        } throws: { error in
            (error as? ObservationError)?.message.unicodeScalars.allSatisfy { $0.value >= 32 } == true
        }
    }

    @Test("an output that is not base64, or not text, does no harm")
    func outputs() throws {
        #expect(
            try NodeAnswer(parsing: Array("done 1 0 b\nout %%%\n".utf8))
                == .done(status: 1, failedAt: 0, output: Payload("")))
        #expect(throws: ObservationError.self) { try NodeAnswer(parsing: Array(repeating: 255, count: 100_000)) }
    }

    @Test("random bytes never stop the reader")
    func random() {
        var generator = SeededGenerator(seed: 7)
        let alphabet = Array("done won lost 0123456789-\n\u{0}é=".utf8)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            _ = try? NodeAnswer(parsing: bytes)
        }
    }
}
