extension StateTransition {
    /// Every allowed transition: the one place in Swift. `Tests/Vectors/state_transitions.json` holds the same rows for the
    /// database's tests.
    public static let all: [StateTransition] = normal + recovery

    private static let everywhere = StateEntity.allCases
    private static let requests: [StateEntity] = [.workflowRequest, .activityRequest]

    private static let normal: [StateTransition] = [
        step(.new, .valid),
        step(.new, .invalid),
        step(.valid, .ready),
        step(.valid, .waiting),
        step(.waiting, .ready),
        step(.waiting, .invalid),
        step(.waiting, .timedout),
        step(.ready, .inProgress),
        step(.inProgress, .done),
        step(.inProgress, .failed),
        step(.inProgress, .timedout),
        // A run and a run request end at `done`: only requests have somebody to deliver to.
        step(.done, .delivered, requests),
    ]

    private static let recovery: [StateTransition] = [
        step(.inProgress, .ready, [.leaseExpired, .backoffOver]),
        step(.inProgress, .waiting, [.externalJob, .backoff]),
        step(.waiting, .inProgress, [.poll]),
        step(.failed, .ready, [.retry]),
        step(.timedout, .ready, [.retry]),
        step(.invalid, .ready, [.retry]),
        // A finished request goes on when one of its runs is retried or replayed. A finished run is replayed from its stored
        // answer; a finished exchange never happened twice, a retry makes a new one.
        step(.done, .inProgress, [.retry, .replay], requests + [.run]),
        step(.delivered, .inProgress, [.retry, .replay], requests),
        step(.new, .timedout, [.deadline]),
        step(.valid, .timedout, [.deadline]),
        step(.ready, .timedout, [.deadline]),
        // `in_progress` to `failed` is a normal transition already, with substate `cancelled` when somebody cancels. A request
        // that is `done` keeps its outcome: what is cancelled then is its delivery.
        step(.new, .failed, [.cancelled]),
        step(.valid, .failed, [.cancelled]),
        step(.waiting, .failed, [.cancelled]),
        step(.ready, .failed, [.cancelled]),
    ]

    private static func step(_ from: State, _ to: State, _ entities: [StateEntity] = everywhere) -> StateTransition {
        StateTransition(from: from, to: to, kind: .normal, reasons: [], entities: entities)
    }

    private static func step(
        _ from: State, _ to: State, _ reasons: [Reason], _ entities: [StateEntity] = everywhere
    ) -> StateTransition {
        StateTransition(from: from, to: to, kind: .recovery, reasons: reasons, entities: entities)
    }
}
