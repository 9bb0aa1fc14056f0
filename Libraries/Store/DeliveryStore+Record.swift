import Contracts
import Postgres

extension DeliveryStore {
    /// What becomes of the requests of one kind whose outcome deliveries tell.
    private struct Requests: Sendable {
        /// Whoever records another delivery of the same request waits here, and then sees this one.
        let lock: Statement
        /// A request is delivered when the last of its endpoints has taken it.
        let settle: Statement

        /// - Parameter table: theirs; the column of `delivery` is called after it.
        init(_ table: String) {
            let wanted = """
                with wanted as materialized (
                    select distinct d.\(table)_id as id from unnest($1::uuid[]) as i(id) join public.delivery as d on d.id = i.id
                ), ordered as materialized (
                    select w.id from wanted as w where w.id is not null order by w.id
                )
                """
            lock = Statement(
                "delivery.lock_\(table)",
                """
                \(wanted)
                select from ordered as o join public.\(table) as r on r.id = o.id order by r.id for no key update of r
                """)
            settle = Statement(
                "delivery.settle_\(table)",
                """
                \(wanted)
                update public.\(table) as r
                set state = 'delivered'
                from ordered as o
                where r.id = o.id and r.state = 'done'
                  and not exists (select from public.delivery as d where d.\(table)_id = r.id and d.delivered_at is null and d.state <> 'superseded')
                """)
        }

        /// In the order in which everybody locks them: a workflow request before the activity requests that are its steps.
        static let kinds = [Requests("workflow_request"), Requests("activity_request")]
    }

    private static let lock = Statement(
        "delivery.lock",
        """
        with ordered as materialized (
            select distinct i.id from unnest($1::uuid[]) as i(id) order by i.id
        )
        select from ordered as o join public.delivery as d on d.id = o.id order by d.id for no key update of d
        """)

    // The number of an attempt stands for its claim, whoever holds the lease by now. One that has a row of its own, or was put off and is under
    // way no more, was recorded before: its record is repeated when the answer was lost.
    private static let record = Statement(
        "delivery.record",
        """
        with input as materialized (
            select i.*, clock_timestamp() + make_interval(secs => i.delay) as next_at
            from unnest($1::uuid[], $2::int[], $3::text[], $4::boolean[], $5::boolean[], $6::double precision[], $7::int[], $8::double precision[],
                        $9::text[], $10::text[], $11::text[])
                with ordinality as i(id, attempt, state, is_kept, is_counted, delay, status, duration_ms, error, answer, substate, place)
        ), new as materialized (
            select i.*, d.org_id, i.state = 'delivered' as is_taken,
                   -- Its claim may have been given back for a worker that seemed gone. Whatever else has become of it stays.
                   d.attempt is not distinct from i.attempt and d.state in ('in_progress', 'ready') as is_last
            from input as i
            join public.delivery as d on d.id = i.id
            where case when i.is_kept
                       then not exists (select from public.delivery_attempt as t where t.delivery_id = i.id and t.attempt = i.attempt)
                       else d.attempt is not distinct from i.attempt and d.state is not distinct from 'in_progress' end
        ), changed as materialized (
            select distinct on (n.id) n.*, bool_or(n.is_taken) over (partition by n.id) as is_taken_once
            from new as n
            order by n.id, n.attempt desc
        ), updated as (
            update public.delivery as d
            set state = case when c.is_last then c.state else d.state end,
                worker_id = case when c.is_last then null else d.worker_id end,
                state_reason = case when c.is_last then c.error else d.state_reason end,
                due_at = case when c.is_last then coalesce(c.next_at, clock_timestamp()) else d.due_at end,
                attempts_before = case when not c.is_last then d.attempts_before
                                       when not c.is_counted then d.attempts_before + 1
                                       when c.state = 'ready' then d.attempts_before
                                       else d.attempt end,
                -- One that was taken and sent again has been taken all the same.
                delivered_at = case when c.is_taken_once then coalesce(d.delivered_at, clock_timestamp()) else d.delivered_at end
            from changed as c
            where d.id = c.id and (c.is_last or c.is_taken_once)
        ), kept as (
            insert into public.delivery_attempt (org_id, delivery_id, attempt, status, duration_ms, error, answer, substate, next_at)
            select n.org_id, n.id, n.attempt, n.status, n.duration_ms, n.error, n.answer, n.substate, case when n.is_last then n.next_at end
            from new as n
            where n.is_kept
        )
        select n.place from new as n
        """)

    private static let note = Statement(
        "delivery.note",
        "select org_id, webhook_endpoint_id, event from etl_api.note_delivery_attempts($1, $2, $3)")

    /// Records attempts, each once, marks the requests whose outcome has arrived everywhere, and notes how endpoints do. What was tried counts,
    /// whoever has the delivery by now.
    ///
    /// - Parameter disableAfter: an endpoint that nothing has got through to for so long is disabled.
    /// - Returns: what has become of endpoints.
    public func record(_ attempts: [DeliveryAttempt], disableAfter: Duration) async throws -> [EndpointEvent] {
        let all = attempts.map(\.delivery.id)
        let delivered = attempts.filter { $0.outcome == .delivered }.map(\.delivery.id)
        return try await pool.transaction { transaction in
            var first = Pipeline()
            for requests in Requests.kinds { first.add(requests.lock, delivered) }
            first.add(Self.lock, all)
            first.add(
                Self.record, all,
                attempts.map { Int32($0.delivery.attempt) },
                attempts.map(\.outcome.state),
                attempts.map(\.outcome.isKept),
                attempts.map(\.outcome.isCounted),
                attempts.map(\.outcome.delaySeconds),
                attempts.map { $0.status.map(Int32.init(truncatingIfNeeded:)) },
                attempts.map(\.milliseconds),
                attempts.map(\.error),
                attempts.map(\.answer),
                attempts.map(\.substate))
            let new = try await transaction.run(first)[Requests.kinds.count + 1].map { row in
                attempts[Int(try row.decode(Int64.self, at: 0)) - 1]
            }
            var last = Pipeline()
            last.add(
                Self.note, new.map(\.delivery.id), new.map(\.finding.word), disableAfter.inSeconds)
            for requests in Requests.kinds { last.add(requests.settle, delivered) }
            return try await transaction.commit(last)[0].compactMap { row in
                let (org, endpoint, change) = try row.decode((OrgID, EndpointID, String).self)
                return EndpointEvent.Change(rawValue: change).map {
                    EndpointEvent(org: org, endpoint: endpoint, change: $0)
                }
            }
        }
    }
}
