import JSON

/// Webhook endpoints and deliveries.
extension IntakeClient {
    /// One page of the organization's endpoints, by key.
    func endpoints(cursor: String?) async throws -> AnswerReader {
        let query = "?limit=200" + (cursor.map { "&cursor=\($0)" } ?? "")
        return try AnswerReader(parsing: try await exchange("GET", "/v1/webhook-endpoints" + query))
    }

    /// An endpoint.
    func endpoint(_ key: String) async throws -> AnswerReader {
        try AnswerReader(parsing: try await exchange("GET", Self.path(ofEndpoint: key)))
    }

    /// Does something to an endpoint: `enable`, `disable`, `test`, `secrets`, `recover`.
    func act(_ action: String, on endpoint: String, _ body: JSONObject = [:]) async throws -> AnswerReader {
        try AnswerReader(parsing: try await post(Self.path(ofEndpoint: endpoint) + "/\(action)", body))
    }

    /// Deletes a secret of an endpoint.
    func revokeSecret(_ id: String, of endpoint: String) async throws {
        let id = try Self.segment(id, "the id of a secret", remedy: "'weir webhook secret list' shows the ids")
        _ = try await exchange("DELETE", Self.path(ofEndpoint: endpoint) + "/secrets/\(id)")
    }

    /// One page of the deliveries to an endpoint, the newest first.
    func deliveries(
        to endpoint: String, states: [String], limit: Int, cursor: String?
    ) async throws -> AnswerReader {
        let query = ["limit=\(limit)"] + states.map { "state=\($0)" } + (cursor.map { ["cursor=\($0)"] } ?? [])
        return try AnswerReader(
            parsing: try await exchange(
                "GET", Self.path(ofEndpoint: endpoint) + "/deliveries?" + query.joined(separator: "&")))
    }

    /// A delivery with its attempts.
    func delivery(_ id: String) async throws -> AnswerReader {
        try AnswerReader(parsing: try await exchange("GET", Self.path(ofDelivery: id)))
    }

    /// Sends a delivery again.
    func resend(_ id: String) async throws -> AnswerReader {
        try AnswerReader(parsing: try await post(Self.path(ofDelivery: id) + "/resend", [:]))
    }

    private static func path(ofEndpoint key: String) throws(CommandError) -> String {
        let key = try segment(key, "the key of an endpoint", remedy: "'weir webhook list' shows the keys")
        return "/v1/webhook-endpoints/\(key)"
    }

    private static func path(ofDelivery id: String) throws(CommandError) -> String {
        let id = try segment(id, "the id of a delivery", remedy: "'weir webhook deliveries ENDPOINT' shows the ids")
        return "/v1/deliveries/\(id)"
    }
}
