import Foundation
import FoundationNetworking
import Synchronization

/// One request and its answer, of which no more is taken than one byte beyond `maxBytes`.
final class HTTPExchange: NSObject, URLSessionDataDelegate {
    struct Response: Sendable {
        var status = 0
        var contentType: String?
        var body: [UInt8] = []
    }

    private struct State {
        var continuation: CheckedContinuation<Response, any Error>?
        var response = Response()
        /// Set once; what comes later changes nothing.
        var isOver = false
    }

    private let maxBytes: Int
    private let state = Mutex(State())

    init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    /// To be called once. No thread waits meanwhile; cancelling the task ends it.
    func perform(_ request: URLRequest) async throws -> Response {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpShouldSetCookies = false
        configuration.urlCache = nil
        configuration.urlCredentialStorage = nil
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
        defer { session.invalidateAndCancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver = state.withLock { state in
                    if !state.isOver { state.continuation = continuation }
                    return state.isOver
                }
                if isOver { return continuation.resume(throwing: CancellationError()) }
                session.dataTask(with: request).resume()
            }
        } onCancel: {
            end(CancellationError())
        }
    }

    private func end(_ error: (any Error)?) {
        let (continuation, response) = state.withLock { state in
            defer {
                state.continuation = nil
                state.isOver = true
            }
            return (state.continuation, state.response)
        }
        if let error { continuation?.resume(throwing: error) } else { continuation?.resume(returning: response) }
    }

    // A witness elsewhere is another witness: the answer that names it is the answer.
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        if let response = response as? HTTPURLResponse {
            state.withLock {
                $0.response.status = response.statusCode
                $0.response.contentType = response.value(forHTTPHeaderField: "Content-Type")
            }
        }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let isTooLong = state.withLock { state in
            state.response.body += data.prefix(maxBytes + 1 - state.response.body.count)
            return state.response.body.count > maxBytes
        }
        if isTooLong {
            end(nil)
            dataTask.cancel()
        }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        end(error.map { WitnessUnreachable("it cannot be reached: \($0.localizedDescription)") })
    }
}
