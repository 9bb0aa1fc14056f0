import Contracts
import HTTPTypes
import Hummingbird
import JSON
import Runtime
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `GET /v1/activity-requests/{id}/quality` and `GET /v1/sources/{key}/quality`.
extension RequestRoutes {
    /// How far back a source is looked at unless said otherwise.
    private static let sinceDefault: TimeInterval = 7 * 86_400

    @Sendable func qualityOfRequest(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let (id, org) = try await (requestID(context), organization(of: request))
        guard try await requests.status(of: id, org: org) != nil else { throw unknown(id) }
        return .json(QualityDocuments.quality(try await quality.quality(of: .request(id)), of: id))
    }

    @Sendable func qualityOfSource(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let org = try await organization(of: request)
        let key = try context.parameters.require("key")
        let query = request.uri.queryParameters
        if let unknown = query.first(where: { $0.key != "since" }) {
            throw Problem.parameter(String(unknown.key.prefix(100)), "there is no such parameter; known is since")
        }
        let now = Date(timeIntervalSince1970: Double(clock.millisecondsSinceEpoch()) / 1000)
        let since = try query["since"].map { try Self.moment(String($0), until: now) } ?? now - Self.sinceDefault
        let source: SourceID
        do {
            source = try await quality.source(key, org: org)
        } catch let error as UnknownSource {
            let known =
                error.known.isEmpty
                ? "the organization has none" : "there are \(error.known.prefix(50).joined(separator: ", "))"
            throw Problem.notFound("There is no source \"\(key.prefix(100))\"; \(known).")
        }
        let found = try await quality.quality(of: .source(source, since: since))
        return .json(QualityDocuments.quality(found, ofSource: key, since: since))
    }

    private static func moment(_ text: String, until now: Date) throws -> Date {
        guard let date = Timestamp.date(rfc3339: text), date.timeIntervalSince1970 >= 0, date <= now else {
            throw Problem.parameter("since", "a moment in the past in RFC 3339, such as 2026-11-26T08:00:00Z")
        }
        return date
    }
}
