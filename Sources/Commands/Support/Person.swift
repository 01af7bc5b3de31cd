import Foundation
import Glibc

/// The one who sits at the terminal. Reading waits on a thread of its own, so that nothing else is held up.
enum Person {
    /// Whether somebody is there to be asked.
    static var isPresent: Bool { isatty(STDIN_FILENO) == 1 }

    /// Asks and waits for a line; nil at the end of input, or when nobody is there.
    static func ask(_ question: String) async -> String? {
        guard isPresent else { return nil }
        return await onOwnThread {
            FileHandle.standardError.write(Data(question.printable.utf8))
            return readLine()
        }
    }

    /// Asks for what must not be seen.
    static func askHidden(_ question: String) async -> String? {
        guard isPresent else { return nil }
        return await onOwnThread {
            var shown = termios()
            tcgetattr(STDIN_FILENO, &shown)
            var hidden = shown
            hidden.c_lflag &= ~tcflag_t(ECHO)
            // What was typed before the question is not the answer.
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
            defer {
                tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
                FileHandle.standardError.write(Data("\n".utf8))
            }
            FileHandle.standardError.write(Data(question.printable.utf8))
            return readLine()
        }
    }

    private static func onOwnThread(_ body: @escaping @Sendable () -> String?) async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
