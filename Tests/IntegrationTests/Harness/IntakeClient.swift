import JSON
import Outbound

/// A client of the HTTP interface, with the key of one organization.
struct IntakeClient: Sendable {
    /// An answer as it came.
    struct Answer: Sendable {
        let response: OutboundResponse

        var status: Int { response.status }
        var body: [UInt8] { response.body }
        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        var lines: [JSONValue] {
            body.split(separator: UInt8(ascii: "\n")).map { (try? JSONValue(parsing: Array($0))) ?? .null }
        }
        /// The value of a header field.
        func header(_ name: String) -> String? { response.header(name) }
        /// The `code` of problem details.
        var code: String { json["code"]?.stringValue ?? "" }
        /// The JSON paths of what is wrong.
        var paths: [String] { json["errors"]?.arrayValue?.compactMap { $0["path"]?.stringValue } ?? [] }
    }

    static let requests = "/v1/activity-requests"

    let outbound: OutboundClient
    let url: String
    /// The API key, nil to come without one.
    var key: String?

    /// Posts a body, to `/v1/activity-requests` unless another path is named.
    func post(
        _ body: [UInt8], to path: String = Self.requests, headers: [(String, String)] = []
    ) async throws -> Answer {
        try await send(
            OutboundRequest(
                method: "POST", url: url + path,
                headers: authorization + [("content-type", "application/json")] + headers, body: body,
                timeout: .seconds(60)))
    }

    /// Posts the text of a body.
    func post(_ text: String, headers: [(String, String)] = []) async throws -> Answer {
        try await post(Array(text.utf8), headers: headers)
    }

    /// Gets a path, or an absolute URL.
    func get(_ target: String, headers: [(String, String)] = []) async throws -> Answer {
        let absolute = target.hasPrefix("http") ? target : url + target
        return try await send(OutboundRequest(url: absolute, headers: authorization + headers, timeout: .seconds(60)))
    }

    /// Posts JSON to any path.
    func post(_ json: JSONValue, to path: String) async throws -> Answer {
        try await send(
            OutboundRequest(
                method: "POST", url: url + path, headers: authorization + [("content-type", "application/json")],
                body: json.encoded(), timeout: .seconds(60)))
    }

    /// Asks for an enrichment and gives the id of the request.
    func submit(_ objects: [String], activity: String = "enrich") async throws -> String {
        let body: JSONValue = ["activity": .string(activity), "objects": .array(objects.map { .string($0) })]
        let answer = try await post(body.encoded())
        guard answer.status == 202, let id = answer.json["id"]?.stringValue else {
            throw HarnessError("not accepted: HTTP \(answer.status) \(answer.json)")
        }
        return id
    }

    /// The request as `GET` shows it.
    func request(_ id: String) async throws -> JSONValue {
        try await get("\(Self.requests)/\(id)").json
    }

    /// The entries of a request's timeline.
    func timeline(of id: String) async throws -> [JSONValue] {
        try await get("\(Self.requests)/\(id)/timeline").json["entries"]?.arrayValue ?? []
    }

    /// Waits until the request is in a state, and gives it.
    ///
    /// - Throws: ``HarnessError`` when it ends in another one.
    func wait(for id: String, toBe state: String) async throws -> JSONValue {
        try await wait(for: "request", toBe: state) { try await request(id) }
    }

    /// Waits until what a closure shows is in a state, and gives it.
    ///
    /// - Throws: ``HarnessError`` when it ends in another one.
    func wait(for what: String, toBe state: String, look: () async throws -> JSONValue) async throws -> JSONValue {
        var last = JSONValue.null
        do {
            last = try await eventually("the \(what) \(state)") {
                last = try await look()
                let ends = [state, "invalid", "failed", "timedout", "delivered"]
                return last["state"]?.stringValue.map(ends.contains) == true ? last : nil
            }
        } catch {
            throw HarnessError("\(error); it is \(last)")
        }
        guard last["state"]?.stringValue == state else { throw HarnessError("it is not \(state): \(last)") }
        return last
    }

    private var authorization: [(String, String)] { key.map { [("authorization", "Bearer \($0)")] } ?? [] }

    private func send(_ request: OutboundRequest) async throws -> Answer {
        Answer(response: try await outbound.send(request))
    }
}
