extension StateTransition {
    /// Every allowed transition: the one place in Swift. `Tests/Vectors/state_transitions.json` holds the same rows for the
    /// database's tests.
    public static let all: [StateTransition] = normal + recovery

    private static let everywhere = StateEntity.allCases
    private static let requests: [StateEntity] = [.workflowRequest, .activityRequest]

    private static let normal: [StateTransition] = [
        step(.new, .valid, "checked"),
        step(.new, .invalid, "checked"),
        step(.valid, .ready, "can start"),
        step(.valid, .waiting, "waits for something else"),
        step(.waiting, .ready, "the wait is over"),
        step(.waiting, .invalid, "what it waited for is missing"),
        step(.waiting, .timedout, "waited too long"),
        step(.ready, .inProgress, "claimed"),
        step(.inProgress, .done, "succeeded"),
        step(.inProgress, .failed, "failed"),
        step(.inProgress, .timedout, "took too long"),
        // A run and a run request end at `done`: only requests have somebody to deliver to.
        step(.done, .delivered, "the endpoint accepted it", requests),
    ]

    private static let recovery: [StateTransition] = [
        step(.inProgress, .ready, "lease expired or back-off over", [.leaseExpired, .backoffOver]),
        step(.inProgress, .waiting, "external job or back-off", [.externalJob, .backoff]),
        step(.waiting, .inProgress, "external job is polled", [.poll]),
        step(.failed, .ready, "retry", [.retry]),
        step(.timedout, .ready, "retry", [.retry]),
        step(.invalid, .ready, "retry", [.retry]),
        // A finished request goes on when one of its runs is retried or replayed. A finished run is replayed from its stored
        // answer; a finished exchange never happened twice, a retry makes a new one.
        step(.done, .inProgress, "retry or replay", [.retry, .replay], requests + [.run]),
        step(.delivered, .inProgress, "retry or replay inside a finished request", [.retry, .replay], requests),
        step(.new, .timedout, "deadline", [.deadline]),
        step(.valid, .timedout, "deadline", [.deadline]),
        step(.ready, .timedout, "deadline", [.deadline]),
        // `in_progress` to `failed` is a normal transition already, with substate `cancelled` when somebody cancels. A request
        // that is `done` keeps its outcome: what is cancelled then is its delivery.
        step(.new, .failed, "cancelled", [.cancelled]),
        step(.valid, .failed, "cancelled", [.cancelled]),
        step(.waiting, .failed, "cancelled", [.cancelled]),
        step(.ready, .failed, "cancelled", [.cancelled]),
    ]

    private static func step(
        _ from: State, _ to: State, _ rule: String, _ entities: [StateEntity] = everywhere
    ) -> StateTransition {
        StateTransition(from: from, to: to, kind: .normal, rule: rule, reasons: [], entities: entities)
    }

    private static func step(
        _ from: State, _ to: State, _ rule: String, _ reasons: [Reason], _ entities: [StateEntity] = everywhere
    ) -> StateTransition {
        StateTransition(from: from, to: to, kind: .recovery, rule: rule, reasons: reasons, entities: entities)
    }
}
