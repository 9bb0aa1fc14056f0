public import Contracts
import JSON
import Postgres

extension RunStore {
    private static let findReplayable = Statement(
        "run.find_replayable",
        """
        select r.id, r.state::text
        from public.run_queue as r
        join public.run_result as x on x.run_request_id = r.run_request_id
        where r.activity_request_id = $1 and r.position >= $2 and r.position < $3 and r.org_id is not distinct from $4
          and r.state::text in ('done', 'failed')
        """)

    // What was failed for its mapping goes the way of every failed run, without a call.
    private static let readyReplay = Statement(
        "run.ready_replay",
        """
        update public.run_queue as r
        set state = 'ready', state_substate = 'retried', state_reason = $2, worker_id = null
        from unnest($1::uuid[]) as i(id)
        where r.id = i.id and r.state = 'failed'
        """)

    private static let replay = Statement(
        "run.replay",
        """
        update public.run_queue as r
        set state = 'in_progress', state_substate = 'fetched', state_reason = $3, replayed_at = clock_timestamp()
        from unnest($1::uuid[], $2::text[]) as i(id, state)
        where r.id = i.id and r.state = case when i.state = 'failed' then 'ready' else 'done' end::public.run_queue_state
        """)

    private static let giveMapping = Statement(
        "run.give_mapping",
        """
        insert into public.request_mapping as m (org_id, activity_request_id, source_id, mapping, reason)
        select $1, $2, i.source_id, i.mapping, $5
        from unnest($3::uuid[], $4::jsonb[]) as i(source_id, mapping)
        on conflict (activity_request_id, source_id, org_id) do update
        set id = excluded.id, mapping = excluded.mapping, reason = excluded.reason, created_at = clock_timestamp()
        where m.mapping is distinct from excluded.mapping
        """)

    private static let takeMappings = Statement(
        "run.take_mappings",
        """
        delete from public.request_mapping as m
        where m.activity_request_id = $1 and m.org_id is not distinct from $2 and m.source_id <> all ($3)
        """)

    private static let forgetFindings = Statement(
        "run.forget_findings",
        "delete from public.object_finding as f where f.activity_request_id = $1 and f.org_id is not distinct from $2")

    private static let countNone = Statement(
        "run.count_no_objects",
        "update public.request_progress set objects_total = 0, objects_expanded = 0 where activity_request_id = $1")

    /// Gives one page of the stored answers of a request to be mapped anew, and takes the request up again. No API is called.
    ///
    /// - Parameters:
    ///   - first: the place of the object at which the page begins.
    ///   - mappings: what the answers of sources are mapped to for this request from now on; those of other sources, as the catalogue
    ///     says.
    ///   - actor: who asks, as the history shall name them.
    ///   - reason: why, a sentence for people.
    public func replay(
        _ request: ActivityRequestID, org: OrgID, from first: Int, mappings: [SourceID: RequestMapping], actor: String,
        reason: String
    ) async throws -> ReplayedPage {
        try await pool.transaction { transaction in
            _ = try await transaction.execute(Actor.set, actor)
            _ = try await transaction.execute(RequestStore.lockWorkflowRequests, [request], org)
            // Before its runs: whoever collects the result has finished by then, or finds the claim void.
            guard try await !transaction.execute(RequestStore.lock, [request], org).isEmpty else {
                return ReplayedPage(replayed: 0, isReopened: false, next: nil)
            }
            let size = try await transaction.execute(Self.replaySize, request).first?
                .decode((Int32, Int32, Bool).self)
            let finds = size?.2 ?? false
            let end = first + max(1, Self.retryPage / max(1, Int(size?.1 ?? 1)))
            let runs = try await transaction.execute(
                Self.findReplayable, request, Int32(clamping: first), Int32(clamping: end), org
            ).map { try $0.decode((RunID, String).self) }
            let next = !finds && end < Int(size?.0 ?? 0) ? end : nil
            var pipeline = Pipeline()
            pipeline.add(
                Self.giveMapping, org, request, Array(mappings.keys),
                mappings.values.map { JSONB($0.json.encoded()) }, reason)
            pipeline.add(Self.takeMappings, request, org, Array(mappings.keys))
            guard !runs.isEmpty else {
                _ = try await transaction.commit(pipeline)
                return ReplayedPage(replayed: 0, isReopened: false, next: next)
            }
            // The objects keep their places until it shows which of them are found again.
            if finds { pipeline.add(Self.forgetFindings, request, org) }
            pipeline.add(Self.readyReplay, runs.filter { $0.1 == "failed" }.map(\.0), reason)
            pipeline.add(Self.replay, runs.map(\.0), runs.map(\.1), reason)
            if finds { pipeline.add(Self.countNone, request) }
            let results = try await transaction.run(pipeline)
            let replayed = results[results.count - (finds ? 2 : 1)].affectedRows
            let reopened = try await RequestStore.reopen([request], reason: reason, committing: transaction)
            return ReplayedPage(replayed: replayed, isReopened: reopened > 0, next: next)
        }
    }
}
