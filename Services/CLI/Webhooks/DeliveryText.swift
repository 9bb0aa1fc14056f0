import JSON

/// Deliveries and their attempts in words.
enum DeliveryText {
    /// Deliveries as a list.
    static func table(_ deliveries: [AnswerReader]) throws -> TextTable {
        var table = TextTable([
            .whole("delivery"), .whole("made"), .left("event"), .whole("state"), .right("attempts"), .below("reason"),
        ])
        for delivery in deliveries {
            table.add([
                try delivery.string("id"), InstantText.minute(try delivery.string("created_at")),
                try delivery.string("event"), try EndpointText.state(delivery), "\(try delivery.int("attempts"))",
                delivery.optionalString("reason") ?? "",
            ])
        }
        return table
    }

    /// What is to be said of a delivery besides its attempts.
    static func lines(_ delivery: AnswerReader) throws -> [String] {
        let state = try EndpointText.state(delivery)
        var lines = [
            "delivery \(try delivery.string("id")) to \(try delivery.string("endpoint")): \(state)",
            "tells: \(try delivery.string("event"))",
        ]
        if let request = delivery.optionalString("request") { lines.append("request: \(request)") }
        if let request = delivery.optionalString("workflow_request") { lines.append("workflow request: \(request)") }
        if let reason = delivery.optionalString("reason") { lines.append("reason: \(reason)") }
        if let next = delivery.optionalString("next_attempt_at") {
            lines.append("next attempt: \(InstantText.second(next))")
        }
        return lines.map(TerminalText.safe)
    }

    /// Attempts, the first one first.
    static func attempts(_ attempts: [AnswerReader]) throws -> TextTable {
        var table = TextTable([
            .right("attempt"), .whole("ended"), .whole("status"), .right("took"), .whole("next"), .left("what"),
            .below("answer"),
        ])
        for attempt in attempts {
            table.add([
                "\(try attempt.int("attempt"))", InstantText.second(try attempt.string("at")),
                attempt.value["status"]?.intValue.map { "\($0)" } ?? "", duration(attempt),
                attempt.optionalString("next_attempt_at").map(InstantText.second) ?? "",
                attempt.optionalString("reason") ?? "taken", attempt.optionalString("answer") ?? "",
            ])
        }
        return table
    }

    /// How long an attempt took.
    static func duration(_ attempt: AnswerReader) -> String {
        DurationText.of(microseconds: Int64((attempt.value["milliseconds"]?.doubleValue ?? 0) * 1_000))
    }
}
