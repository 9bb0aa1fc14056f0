import Assembly
import Contracts
import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore
import Postgres
import Runtime
import Store

/// `GET /v1/activity-requests/{id}/result`.
extension RequestRoutes {
    @Sendable func result(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let id = try requestID(context)
        let query = try ResultQuery(request.uri.queryParameters.map { $0 })
        let org = try await organizationForResult(of: id, request, query)
        guard let extent = try await requests.resultExtent(of: id, org: org) else { throw unknown(id) }
        // Whoever holds a part of one result must not get the rest of another.
        if let round = query.round ?? query.page?.cursor?.round, round != extent.round { throw Problem.replaced }
        guard extent.isComplete else { throw try await notReady(id, org, round: extent.round) }
        let tag = query.entityTag(round: extent.round)
        if let wanted = request.headers[.ifMatch], !Self.tags(in: wanted).contains(where: { $0 == tag || $0 == "*" }) {
            throw Problem.changed
        }
        let stream = ResultStream(
            requests: requests, id: id, org: org, extent: extent, isWithProvenance: query.isWithProvenance)
        let headers: HTTPFields = [.contentType: query.format.mediaType, .eTag: tag]
        if let page = query.page {
            return try await self.page(page, of: stream, query, request, headers: headers)
        }
        switch (query.format, query.isWithProvenance) {
        case (.json, _): return json(stream, headers: headers)
        case (.ndjson, true): return ndjson(stream, headers: headers)
        case (.ndjson, false):
            let condition = request.headers[.ifRange]
            return ndjson(
                stream,
                ByteRange(
                    header: condition == nil || condition == tag ? request.headers[.range] : nil, length: extent.bytes),
                headers: headers)
        }
    }

    // MARK: Forms

    /// A body that is written piece by piece. Its status is sent already when something goes wrong; the connection ends early then, which clients
    /// notice, and the log says why.
    private func body(
        of stream: ResultStream, length: Int? = nil,
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> ResponseBody {
        ResponseBody(contentLength: length) { [logger] writer in
            do {
                try await write(&writer)
            } catch let error as PostgresError {
                logger.about(stream.id).error("A result broke off.", metadata: ["error": "\(error)"])
                throw error
            }
        }
    }

    /// `{"id":…,"objects":[…]}`
    private func json(_ stream: ResultStream, headers: HTTPFields) -> Response {
        Response(
            status: .ok, headers: headers,
            body: body(of: stream) { writer in
                var elements = ResultElements()
                try await writer.write(ByteBuffer(string: "{\"id\":\"\(stream.id)\",\"objects\":["))
                try await stream.lines { try await writer.write(ByteBuffer(bytes: elements.next($0))) }
                try await writer.write(ByteBuffer(string: "]}"))
                try await writer.finish(nil)
            })
    }

    /// One object per line. How long it is with its provenance is not known before it was read, so that there are no ranges of it: a `Range` is
    /// passed over, as RFC 9110 (14.2) lets a server do, and the answer says so.
    private func ndjson(_ stream: ResultStream, headers: HTTPFields) -> Response {
        var headers = headers
        headers[.acceptRanges] = "none"
        return Response(
            status: .ok, headers: headers,
            body: body(of: stream) { writer in
                try await stream.lines { try await writer.write(ByteBuffer(bytes: $0)) }
                try await writer.finish(nil)
            })
    }

    /// One object per line, or the bytes of it that were asked for.
    private func ndjson(_ stream: ResultStream, _ range: ByteRange, headers: HTTPFields) -> Response {
        let length = stream.extent.bytes
        var headers = headers
        headers[.acceptRanges] = "bytes"
        func answer(_ status: HTTPResponse.Status, _ bytes: Range<Int>) -> Response {
            Response(
                status: status, headers: headers,
                body: body(of: stream, length: bytes.count) { writer in
                    try await stream.bytes(bytes) { try await writer.write(ByteBuffer(bytes: $0)) }
                    try await writer.finish(nil)
                })
        }
        switch range {
        case .whole: return answer(.ok, 0..<length)
        case .part(let bytes):
            headers[.contentRange] = "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(length)"
            return answer(.partialContent, bytes)
        case .unsatisfiable:
            headers[.contentRange] = "bytes */\(length)"
            return Problem(
                code: "range_not_satisfiable", status: 416, title: "There are no such bytes",
                detail: "The result has \(Quantity(length, "byte")); the range begins behind its end."
            ).response(headers)
        }
    }

    /// Some objects, and where those behind them are.
    private func page(
        _ page: (cursor: ResultCursor?, limit: Int), of stream: ResultStream, _ query: ResultQuery, _ request: Request,
        headers: HTTPFields
    ) async throws -> Response {
        guard let (lines, end) = try await stream.page(from: page.cursor?.offset ?? 0, linesMax: page.limit) else {
            throw ResultQuery.unknownCursor
        }
        let next = end.map { ResultCursor(round: stream.extent.round, offset: $0) }
        var headers = headers
        if let next {
            let rest =
                (request.uri.query ?? "").split(separator: "&").filter { !$0.hasPrefix("cursor=") } + ["cursor=\(next)"]
            headers[.link] = "<\(request.uri.path)?\(rest.joined(separator: "&"))>; rel=\"next\""
        }
        guard query.format == .json else {
            return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: lines)))
        }
        var elements = ResultElements()
        var body = ByteBuffer(string: "{\"id\":\"\(stream.id)\",\"objects\":[")
        body.writeBytes(elements.next(lines))
        body.writeString("],\"cursor\":\(next.map { "\"\($0)\"" } ?? "null")}")
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
    }

    // MARK: Who asks, and for what

    /// A signed link takes the place of a key, for this one result.
    private func organizationForResult(
        of id: ActivityRequestID, _ request: Request, _ query: ResultQuery
    ) async throws -> OrgID {
        guard let signature = request.uri.queryParameters["signature"] else {
            return try await organization(of: request)
        }
        let expires = request.uri.queryParameters["expires"].flatMap { Int64($0) } ?? 0
        let now = clock.millisecondsSinceEpoch() / 1000
        switch links?.validity(
            ofSignature: String(signature), of: id, round: query.round, expires: expires, now: now) ?? .forged
        {
        case .valid:
            guard let org = try await requests.organization(of: id) else { throw unknown(id) }
            return org
        case .expired:
            throw Problem(
                code: "link_expired", status: 403, title: "The link has expired",
                detail:
                    "It was good until \(Timestamp.rfc3339(nanosecondsSinceEpoch: expires * 1_000_000_000)). Fetch the result with an API key instead, as weir result does."
            )
        case .forged:
            throw Problem(
                code: "link_not_valid", status: 403, title: "The link is not valid",
                detail:
                    "Its signature does not fit: the link was changed, cut, or signed with another key. Use it exactly as it was sent, or fetch the result with an API key."
            )
        }
    }

    private func notReady(_ id: ActivityRequestID, _ org: OrgID, round: Int) async throws -> Problem {
        guard let status = try await requests.status(of: id, org: org) else { return unknown(id) }
        let open =
            "\(status.runs.open) of its \(Quantity(status.plan.runs, "run")) \(status.runs.open == 1 ? "is" : "are") open"
        return Problem(
            code: "result_not_ready", status: 409, title: "The result is not there yet",
            detail: round == 1
                ? "The request is \(status.state); \(open). Ask again later."
                : "The request was taken up again and is \(status.state); \(open). The result of before does not count any more; ask for the new one later."
        )
    }

    private static func tags(in header: String) -> [String] {
        header.split(separator: ",").map { String($0.trimmingPrefix { $0 == " " }.prefix { $0 != " " }) }
    }
}

extension Problem {
    /// The result that is meant does not count any more.
    static let replaced = Problem(
        code: "result_replaced", status: 410, title: "There is another result",
        detail:
            "The request was taken up again since, and the result that is asked for does not count any more. Fetch the newest from its beginning: with an API key, or by the link of the newest webhook."
    )

    fileprivate static let changed = Problem(
        code: "result_changed", status: 412, title: "The result is not the one that is meant",
        detail: "No entity tag of If-Match is that of the result as it is now; fetch it from its beginning.")
}

extension HTTPField.Name {
    fileprivate static var link: HTTPField.Name { HTTPField.Name("Link") ?? .contentType }
}
