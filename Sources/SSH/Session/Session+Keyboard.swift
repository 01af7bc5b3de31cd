import CSSH2
import Glibc

/// Answers the prompts of keyboard-interactive authentication out of libssh2's callback, which cannot wait: so the
/// password is known before it is called.
struct PromptAnswers {
    let password: String
    /// Prompts that were not for a password, escaped.
    private(set) var unanswered: [String] = []
    private var rounds = 0

    init(password: String) { self.password = password }

    /// Hidden input is taken for the password's, in the first round only: a second one means that it was wrong, or that
    /// something else is wanted.
    mutating func answers(to prompts: [(text: String, isShown: Bool)]) -> [String] {
        if !prompts.isEmpty { rounds += 1 }
        return prompts.map { prompt in
            if rounds == 1, !prompt.isShown { return password }
            unanswered.append(prompt.text)
            return ""
        }
    }
}

private nonisolated func promptCallback(
    _ name: UnsafePointer<CChar>?, _ nameLength: Int32, _ instruction: UnsafePointer<CChar>?, _ length: Int32,
    _ count: Int32, _ prompts: UnsafePointer<LIBSSH2_USERAUTH_KBDINT_PROMPT>?,
    _ responses: UnsafeMutablePointer<LIBSSH2_USERAUTH_KBDINT_RESPONSE>?,
    _ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) {
    guard let ssh = LibSSH2Session.from(context), let prompts, let responses, count > 0 else { return }
    let asked = UnsafeBufferPointer(start: prompts, count: Int(count)).map { prompt in
        (
            text: printable(UnsafeRawBufferPointer(start: prompt.text, count: Int(prompt.length)), limit: 80),
            isShown: prompt.echo != 0
        )
    }
    let answers = ssh.promptAnswers?.answers(to: asked) ?? []
    for (index, answer) in answers.enumerated() {
        // libssh2 frees it with the session's allocator, which is malloc's.
        responses[index].text = strdup(answer)
        responses[index].length = UInt32(answer.utf8.count)
    }
}

extension Session {
    /// libssh2_userauth_keyboard_interactive(3), RFC 4256.
    func answer(with shared: SharedPassword, _ attempts: inout LoginAttempts) async throws(SSHError) -> Bool {
        while let turn = try await shared.begin(for: endpoint.description) {
            // A person's time is not the node's.
            attempts.deadline = .now + options.authenticationTimeout
            do throws(SSHError) {
                let accepted = try await answer(turn.password, &attempts)
                await shared.finish(turn, accepted: accepted)
                if accepted || !turn.isAlone { return accepted }
            } catch {
                await shared.finish(turn, accepted: nil)
                throw error
            }
        }
        return false
    }

    private func answer(_ password: String, _ attempts: inout LoginAttempts) async throws(SSHError) -> Bool {
        ssh?.promptAnswers = PromptAnswers(password: password)
        defer { ssh?.promptAnswers = nil }
        let (user, deadline) = (endpoint.user, attempts.deadline)
        let result = try await perform(.authentication, until: deadline) { pointer in
            Int(libssh2_userauth_keyboard_interactive_ex(pointer, user, UInt32(user.utf8.count), promptCallback))
        }
        let unanswered = ssh?.promptAnswers?.unanswered.first.map { "; it asked \"\($0)\"" } ?? ""
        return try wasAccepted(result, "the password (keyboard-interactive\(unanswered))", &attempts)
    }
}
