import Contracts
import Postgres

extension WorkflowStore {
    private static let lock = Statement(
        "workflow.lock_request",
        """
        select w.state::text from public.workflow_request as w
        where w.id = $1 and w.org_id is not distinct from $2
        for no key update
        """)

    private static let lockSteps = Statement(
        "workflow.lock_steps",
        """
        select r.id from public.activity_request as r
        where r.workflow_request_id = $1 and r.state in ('new', 'valid', 'waiting', 'ready', 'in_progress')
        order by r.id
        for no key update
        """)

    // Nobody has asked for its activities yet.
    private static let endUnexpanded = Statement(
        "workflow.end_unexpanded",
        """
        update public.workflow_request as w set state = 'failed', state_substate = 'cancelled', state_reason = $2
        where w.id = $1 and w.state in ('new', 'valid')
        """)

    private static let stop = Statement(
        "workflow.stop",
        "update public.workflow_request as w set stopped_by = 'cancelled', stopped_reason = $2 where w.id = $1")

    private static let endWaiting = Statement(
        "workflow.end_waiting_steps",
        """
        update public.activity_request as r
        set state = 'failed', state_substate = 'workflow_stopped', state_reason = 'the workflow was stopped: ' || $2
        where r.workflow_request_id = $1 and r.state = 'waiting' and r.state_substate = 'phase'
        """)

    private static let allowStart = Statement(
        "workflow.allow_start",
        "update public.workflow_request as w set stopped_by = null, stopped_reason = null where w.id = $1")

    // Those that have not had their turn are started by whoever advances the workflow.
    private static let retryable = Statement(
        "workflow.retryable_steps",
        """
        select r.id, r.state in ('in_progress', 'ready') and r.stopping is not null
        from public.activity_request as r
        where r.workflow_request_id = $1 and r.workflow_step is not null
          and not (r.state = 'waiting' or r.state_substate is not distinct from 'workflow_stopped')
          and (r.attempt > 0 or r.workflow_phase = 1)
        order by r.workflow_phase, r.workflow_step collate "C"
        """)

    private static let lookAgain = Statement(
        "workflow.look_again",
        """
        update public.workflow_progress as p set step_ended_at = clock_timestamp() + make_interval(secs => $2)
        where p.workflow_request_id = $1 and p.expanded
        """)

    /// Should a retry break off, somebody looks after so long.
    private static let retryPatience: Duration = .seconds(60)

    /// Gives a request up for its client, with all of its activity requests that are not over.
    ///
    /// - Parameters:
    ///   - actor: who asks, as the history shall name them.
    ///   - reason: why, a sentence for people.
    /// - Returns: nil when the organization has no such request.
    public func cancel(
        _ id: WorkflowRequestID, org: OrgID, actor: String, reason: String
    ) async throws -> Cancellation? {
        try await pool.transaction { transaction in
            var first = Pipeline()
            first.add(Actor.set, actor)
            first.add(Self.lock, id, org)
            guard let row = try await transaction.run(first)[1].first else { return nil }
            let state = try row.decode(String.self, at: 0)
            var pipeline = Pipeline()
            switch state {
            case "new", "valid":
                pipeline.add(Self.endUnexpanded, id, reason)
                _ = try await transaction.commit(pipeline)
                return .over
            case "waiting", "ready", "in_progress":
                let open: [ActivityRequestID] = try await transaction.execute(Self.lockSteps, id).ids()
                pipeline.add(Self.stop, id, reason)
                pipeline.add(Self.endWaiting, id, reason)
                RequestStore.addStop(
                    open, cause: .cancelled, reasons: Array(repeating: reason, count: open.count), to: &pipeline)
                _ = try await transaction.commit(pipeline)
                return .stopping
            default: return .tooLate(state: state)
            }
        }
    }

    /// Lets a request start its phases again, if it was cancelled. Should the caller not come to ``lookAgain(_:)``, somebody else looks a minute later
    /// what can start.
    ///
    /// - Returns: its activity requests of which runs may be taken up again, by phase, and whether one of them is just being ended; nil when the
    ///   organization has no such request.
    public func beginRetry(
        _ id: WorkflowRequestID, org: OrgID, actor: String
    ) async throws -> (requests: [ActivityRequestID], isStopping: Bool)? {
        try await pool.transaction { transaction in
            var pipeline = Pipeline()
            pipeline.add(Actor.set, actor)
            pipeline.add(Self.lock, id, org)
            pipeline.add(Self.retryable, id)
            let results = try await transaction.run(pipeline)
            guard !results[1].isEmpty else { return nil }
            let steps = try results[2].map { try $0.decode((ActivityRequestID, Bool).self) }
            if steps.contains(where: \.1) { return (steps.map(\.0), true) }
            var last = Pipeline()
            last.add(Self.allowStart, id)
            last.add(Self.lookAgain, id, Self.retryPatience.inSeconds)
            _ = try await transaction.commit(last)
            return (steps.map(\.0), false)
        }
    }

    /// Has somebody look what can start now: steps that were stopped before their turn may go on although nothing had to be run again.
    public func lookAgain(_ id: WorkflowRequestID) async throws(PostgresError) {
        _ = try await pool.execute(Self.lookAgain, id, Duration.zero.inSeconds)
    }
}
