public import Engine
public import Foundation
import FoundationNetworking
public import TransparencyLog

/// Asks witnesses over HTTP(S).
///
/// What it brings back is bounded in size and time, and otherwise anybody's: cosignatures count by their keys alone. Redirects
/// are not followed and nothing is kept between requests.
public struct WitnessClient: WitnessService {
    private let limit: Duration

    /// - Parameter limit: how long one request may take from its beginning to the last byte of the answer.
    public init(limit: Duration = .seconds(10)) {
        self.limit = limit
    }

    /// Sends the request.
    /// - Throws: ``WitnessUnreachable`` when there is no answer, `FormatError` when it is none of a witness.
    public func addCheckpoint(_ request: WitnessRequest, at prefix: String) async throws -> WitnessAnswer {
        var call = URLRequest(url: try Self.endpoint(of: prefix))
        call.httpMethod = "POST"
        call.httpBody = Data(request.body)
        call.setValue("belay", forHTTPHeaderField: "User-Agent")
        call.setValue("text/plain; charset=utf-8", forHTTPHeaderField: "Content-Type")
        let response = try await perform(call)
        return try WitnessAnswer(status: response.status, contentType: response.contentType, body: response.body)
    }

    /// `<prefix>/add-checkpoint`.
    ///
    /// - Throws: ``WitnessUnreachable`` unless it is an https address; http is let pass to this machine alone, since on the way
    ///   anybody could keep cosignatures from coming.
    public static func endpoint(of prefix: String) throws -> URL {
        guard var parts = URLComponents(string: prefix), let host = parts.host, !host.isEmpty, parts.user == nil,
            parts.query == nil, parts.fragment == nil
        else { throw WitnessUnreachable("\(prefix) is not an address such as https://witness.example/belay") }
        let isHere = ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host)
        guard parts.scheme == "https" || parts.scheme == "http" && isHere else {
            throw WitnessUnreachable("\(prefix) is not an https address; http is accepted for this machine alone")
        }
        parts.path += parts.path.hasSuffix("/") ? "add-checkpoint" : "/add-checkpoint"
        guard let url = parts.url else { throw WitnessUnreachable("\(prefix) is not an address") }
        return url
    }

    private func perform(_ call: URLRequest) async throws -> HTTPExchange.Response {
        // The session's own limits are for silence, not for an answer that comes drop by drop.
        try await withThrowingTaskGroup(of: HTTPExchange.Response.self) { group in
            group.addTask { try await HTTPExchange(maxBytes: WitnessAnswer.maxBytes).perform(call) }
            group.addTask { [limit] in
                try await Task.sleep(for: limit)
                throw WitnessUnreachable("there was no whole answer within \(limit)")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}

/// Why a witness could not be asked.
public struct WitnessUnreachable: Error, Sendable, CustomStringConvertible {
    /// In a sentence.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
