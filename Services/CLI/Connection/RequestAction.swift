import JSON

/// What an action on a request has come to so far, as intake says it.
struct RequestAction {
    let state: String
    /// How many runs are open still; nil where intake does not say.
    let openRuns: Int?
    let json: JSONValue

    init(_ answer: AnswerReader) throws {
        state = try answer.string("state")
        openRuns = answer.value["runs"]?["open"]?.intValue
        json = answer.value
    }

    /// Whether nothing is left to be ended.
    var isOver: Bool { Self.isOver(state) }

    /// Whether nothing more happens in a state, but that an outcome is delivered.
    static func isOver(_ state: String) -> Bool {
        ["failed", "timedout", "invalid", "done", "delivered"].contains(state)
    }
}

/// One page of runs that were taken up again.
struct RetriedPage: Sendable {
    let retried: Int
    let requests: Int
    /// Where the next page begins; nil after the last.
    let cursor: String?

    init(_ answer: AnswerReader) throws {
        retried = try answer.int("retried")
        requests = try answer.int("requests")
        cursor = answer.optionalString("cursor")
    }
}

/// Ended runs that are alike.
struct RetryGroup: Sendable, Hashable, Comparable {
    let state: String
    let substate: String?
    let source: String?

    static func < (one: RetryGroup, other: RetryGroup) -> Bool {
        (one.state, one.substate ?? "", one.source ?? "") < (other.state, other.substate ?? "", other.source ?? "")
    }
}

/// One page of runs that would be taken up again.
struct RetryPreviewPage: Sendable {
    let groups: [RetryGroup: Int]
    let makesRuns: Bool
    /// Where the next page begins; nil after the last.
    let cursor: String?

    init(_ answer: AnswerReader) throws {
        groups = try answer.list("runs").reduce(into: [:]) { groups, group in
            let kind = RetryGroup(
                state: try group.string("state"), substate: group.optionalString("substate"),
                source: group.optionalString("source"))
            groups[kind, default: 0] += try group.int("count")
        }
        makesRuns = answer.value["makes_runs"] == true
        cursor = answer.optionalString("cursor")
    }
}
