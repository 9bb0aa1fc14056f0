import Foundation
import Postgres
import States

/// The statements of the walk: what is written to the tables with states, and what they hold in the end.
enum StateTables {
    /// The organization, and what its requests and runs refer to.
    static let catalogue = """
        insert into public.org (id, key, name) values ('\(org)', 'walk', 'Walk');
        insert into public.object_type (org_id, id, key, name) values ('\(org)', '\(org)', 'thing', 'Thing');
        insert into public.activity (org_id, id, key, name, activity_type_id, object_type_id)
        select '\(org)', '\(org)', 'walk', 'Walk', id, '\(org)' from public.activity_type where name = 'enrichment';
        """

    static let org = "0197a000-0000-7000-8000-000000000001"

    /// Requests that only count their parts: those for runs, or those for activity requests.
    static func makeParents(of entity: StateEntity, _ ids: [UUID]) -> Pipeline {
        var pipeline = Pipeline()
        switch entity {
        case .run:
            pipeline.add(
                Statement(
                    "walk.parents_of_runs",
                    """
                    insert into public.activity_request (org_id, id, activity_id, state, content)
                    select '\(org)', id, '\(org)', 'in_progress', '{}' from unnest($1::uuid[]) as i(id)
                    """), ids)
            pipeline.add(
                Statement(
                    "walk.progress_of_runs",
                    "insert into public.request_progress (org_id, activity_request_id) select '\(org)', unnest($1::uuid[])"
                ), ids)
        default:
            pipeline.add(
                Statement(
                    "walk.parents_of_requests",
                    """
                    insert into public.workflow_request (org_id, id, state)
                    select '\(org)', id, 'in_progress' from unnest($1::uuid[]) as i(id)
                    """), ids)
            pipeline.add(
                Statement(
                    "walk.progress_of_requests",
                    "insert into public.workflow_progress (org_id, workflow_request_id) select '\(org)', unnest($1::uuid[])"
                ), ids)
        }
        return pipeline
    }

    /// Adds rows to a table; `parents` are null where nothing counts them.
    static func insert(
        _ changes: [StateModel.Change], entity: StateEntity, parents: [UUID?], to pipeline: inout Pipeline
    ) {
        let (columns, values) =
            switch entity {
            case .workflowRequest: ("content", "'{}'")
            case .activityRequest: ("activity_id, content, workflow_request_id", "'\(org)', '{}', i.parent")
            case .run: ("activity_request_id, source_id, position", "i.parent, '\(org)', 0")
            case .runRequest: ("source_id, run_ids", "'\(org)', '{}'")
            }
        let statement = Statement(
            "walk.insert_\(entity.rawValue)",
            """
            insert into public.\(entity.rawValue) (org_id, id, state, state_substate, state_reason, attempt, \(columns))
            select '\(org)', i.id, i.state::public.\(entity.rawValue)_state, i.substate, i.reason, i.attempt, \(values)
            from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::uuid[])
                as i(id, state, substate, reason, attempt, parent)
            """)
        pipeline.add(
            statement, changes.map(\.id), changes.map(\.state.rawValue), changes.map(\.substate),
            changes.map(\.reason), changes.map(\.attempt), parents)
    }

    /// Sets rows of a table in one statement.
    static func update(_ changes: [StateModel.Change], entity: StateEntity, in pipeline: inout Pipeline) {
        let statement = Statement(
            "walk.update_\(entity.rawValue)",
            """
            with input as materialized (
                select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[])
                    as i(id, state, substate, reason, attempt)
            )
            update public.\(entity.rawValue) as r
            set state = i.state::public.\(entity.rawValue)_state, state_substate = i.substate, state_reason = i.reason,
                attempt = i.attempt
            from input as i
            where r.id = i.id
            """)
        pipeline.add(
            statement, changes.map(\.id), changes.map(\.state.rawValue), changes.map(\.substate),
            changes.map(\.reason), changes.map(\.attempt))
    }

    /// Says for whom the rest of the transaction is done.
    static let setActor = Statement("walk.set_actor", "select set_config('weir.actor', $1, true)")

    /// Locks those of some rows that nobody else has, as far as the limit goes: id and state.
    static func lock(_ entity: StateEntity) -> Statement {
        Statement(
            "walk.lock_\(entity.rawValue)",
            """
            select r.id, r.state::text from public.\(entity.rawValue) as r
            where r.id = any ($1) order by r.id limit $2 for no key update skip locked
            """)
    }

    /// All rows but the parents: id, and what ``StateModel/line(_:)`` says of it.
    static let rows = StateEntity.allCases.map { entity in
        """
        select id, concat_ws('|', '\(entity.rawValue)', state, coalesce(state_substate, '-'), coalesce(state_reason, '-'), attempt)
        from public.\(entity.rawValue) where id <> all ($1)
        """
    }.joined(separator: " union all ")

    /// The history of all rows but the parents: id, and an entry a line.
    static let history = """
        select entity_id, string_agg(
            concat_ws('|', coalesce(from_state, '-'), to_state, coalesce(substate, '-'), coalesce(reason, '-'), attempt, actor),
            E'\\n' order by at, sequence)
        from public.state_history where entity_id <> all ($1) group by entity_id, entity, org_id
        """

    /// The counters of the parents of an entity, as ``StateModel/counters(of:)`` has them.
    static func counters(of entity: StateEntity) -> String {
        entity == .run
            ? "select activity_request_id, runs_total, runs_done, runs_failed, runs_invalid, runs_timedout from public.request_progress"
            : """
            select workflow_request_id, requests_total, requests_done, requests_failed, requests_invalid, requests_timedout
            from public.workflow_progress
            """
    }
}
