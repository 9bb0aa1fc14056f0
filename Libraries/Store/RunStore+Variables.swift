import Contracts
import JSON
import Postgres

extension RunStore {
    // What the request gives comes before what the object has; null is no value.
    private static let variables = Statement(
        "run.variables",
        """
        with run as materialized (
            select r.id, r.object_id, r.activity_request_id
            from unnest($1::uuid[]) as i(id)
            join public.run_queue as r on r.id = i.id
        ), asked as materialized (
            select r.id, r.object_id, a.org_id, a.object_type_id, a.setup,
                   utils.input_with_defaults(a.input, q.content -> 'input') as input
            from run as r
            join public.activity_request as q on q.id = r.activity_request_id
            join public.activity as a on a.org_id = q.org_id and a.id = q.activity_id
        )
        select a.id, (
            select coalesce(jsonb_object_agg(n.name, n.value) filter (where n.value <> 'null'), '{}')
            from (
                select w.name, case when w.name = 'run_setup' then a.setup
                                    when a.input ? w.name then a.input -> w.name
                                    else (select v.value
                                          from public.datapoint as d
                                          join public.value as v on v.object_id = a.object_id and v.datapoint_id = d.id
                                          where d.org_id = a.org_id and d.object_type_id = a.object_type_id and d.key = w.name
                                          order by v.created_at desc, v.run_id desc limit 1) end as value
                from unnest($2::text[]) as w(name)
            ) as n)
        from asked as a
        """)

    /// Gives runs the values of variables that come from their request or their object. A variable without a value is left out.
    public func fillVariables(_ names: [String], of exchanges: inout [ClaimedExchange]) async throws {
        let runs = exchanges.flatMap { $0.runs.map(\.id) }
        if names.isEmpty || runs.isEmpty { return }
        var values: [RunID: JSONObject] = [:]
        for row in try await pool.execute(Self.variables, runs, names) {
            let (run, variables) = try row.decode((RunID, JSONB).self)
            values[run] = try JSONValue(parsing: variables.bytes).objectValue
        }
        for exchange in exchanges.indices {
            for run in exchanges[exchange].runs.indices {
                exchanges[exchange].runs[run].variables = values[exchanges[exchange].runs[run].id] ?? [:]
            }
        }
    }
}
