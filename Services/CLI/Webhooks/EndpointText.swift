import Contracts
import JSON

/// Endpoints and deliveries in words.
enum EndpointText {
    /// What an endpoint gets besides what it is named for.
    static func events(_ endpoint: AnswerReader) -> String {
        guard let types = endpoint.value["event_types"]?.arrayValue else { return "those it is named for" }
        if types.contains(.string(WebhookEvent.all)) { return "all" }
        return (["those it is named for"] + types.compactMap(\.stringValue)).joined(separator: ", ")
    }

    /// How many secrets sign its deliveries.
    static func secrets(_ endpoint: AnswerReader) -> Int {
        endpoint.list("secrets").count + (endpoint.optionalString("secret_name") == nil ? 0 : 1)
    }

    /// How deliveries to it go.
    static func health(_ endpoint: AnswerReader) -> String {
        let health = endpoint.value["health"]
        if let moment = health?["paused_until"]?.stringValue { return "paused until \(InstantText.minute(moment))" }
        if let moment = health?["failing_since"]?.stringValue { return "failing since \(InstantText.minute(moment))" }
        if let moment = health?["last_success_at"]?.stringValue { return "good, last \(InstantText.minute(moment))" }
        return "nothing to tell yet"
    }

    /// All of an endpoint.
    static func lines(_ endpoint: AnswerReader, style: TextStyle) throws -> [String] {
        let state = try endpoint.string("state")
        var lines = [
            "endpoint \(TerminalText.safe(try endpoint.string("key"))): \(state == "enabled" ? style.green(state) : style.red(state))",
            "posts to: \(TerminalText.safe(try endpoint.string("url")))",
        ]
        if let reason = endpoint.optionalString("disabled_reason") {
            lines.append("reason: \(TerminalText.safe(reason))")
        }
        lines.append("gets: \(TerminalText.safe(events(endpoint)))")
        let headers = endpoint.value["headers"]?.arrayValue?.compactMap(\.stringValue) ?? []
        if !headers.isEmpty { lines.append("headers: \(TerminalText.safe(headers.joined(separator: ", ")))") }
        if let rate = endpoint.value["rate"], let calls = rate["calls"]?.intValue, let stretch = rate["per_seconds"] {
            lines.append("rate: \(Quantity(calls, "delivery", "deliveries")) in \(stretch) s")
        }
        if endpoint.value["ordered"] == true { lines.append("deliveries about one subject arrive in order") }
        lines.append("health: \(health(endpoint))")
        if let name = endpoint.optionalString("secret_name") {
            lines.append("secret of the catalogue: \(TerminalText.safe(name))")
        }
        if secrets(endpoint) == 0 {
            lines.append(
                style.red(
                    "it has no secret, so that nothing can be signed: weir webhook secret create "
                        + TerminalText.safe(endpoint.optionalString("key") ?? "ENDPOINT")))
        }
        return lines
    }

    /// One line for each other secret that signs still, and until when.
    static func stillSigning(_ endpoint: AnswerReader, besides id: String) -> [String] {
        let made = endpoint.list("secrets").filter { $0.optionalString("id") != id }.map { secret in
            let end = secret.optionalString("expires_at").map { "until \(InstantText.minute($0))" } ?? "too"
            return "\(secret.optionalString("kind") ?? "") \(secret.optionalString("id") ?? "") signs \(end)"
        }
        let catalogues = endpoint.optionalString("secret_name").map { ["the catalogue's \($0) signs too"] } ?? []
        return (made + catalogues).map(TerminalText.safe)
    }

    /// The secrets that Weir has made for an endpoint.
    static func secretTable(_ secrets: [AnswerReader]) throws -> TextTable {
        var table = TextTable([
            .whole("secret"), .whole("kind"), .whole("made"), .whole("signs until"), .left("public key"),
        ])
        for secret in secrets {
            table.add([
                try secret.string("id"), try secret.string("kind"), InstantText.minute(try secret.string("created_at")),
                secret.optionalString("expires_at").map(InstantText.minute) ?? "",
                secret.optionalString("public_key") ?? "",
            ])
        }
        return table
    }

    /// The state of a delivery, with a closer word.
    static func state(_ delivery: AnswerReader) throws -> String {
        let state = try delivery.string("state")
        return delivery.optionalString("substate").map { "\(state) (\($0))" } ?? state
    }
}
