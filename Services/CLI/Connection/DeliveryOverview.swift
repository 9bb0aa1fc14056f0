/// How the delivery to one endpoint stands, as intake tells it.
struct DeliveryOverview: Sendable, Equatable {
    let id: String
    let endpoint: String
    let state: String
    let attempts: Int
    /// Why the last attempt failed.
    let reason: String?
    /// When the next one is due, in microseconds since 1970; nil when there is none.
    let nextAttemptAt: Int64?

    /// Whether it has been tried, or will not be any more: there is something to say about it. An attempt that is being made counts
    /// already, and says nothing.
    var isTried: Bool { attempts > 0 && state != "in_progress" || state == "delivered" || state == "failed" }

    static func list(_ answers: [AnswerReader]) throws(CommandError) -> [DeliveryOverview] {
        var deliveries: [DeliveryOverview] = []
        for answer in answers {
            deliveries.append(
                DeliveryOverview(
                    id: try answer.string("id"), endpoint: try answer.string("endpoint"),
                    state: try answer.string("state"),
                    attempts: try answer.int("attempts"), reason: answer.optionalString("reason"),
                    nextAttemptAt: answer.optionalString("next_attempt_at").flatMap(InstantText.microseconds)))
        }
        return deliveries
    }
}
