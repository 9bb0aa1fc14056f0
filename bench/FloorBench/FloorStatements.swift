import Postgres

/// The row writes of enrichments, in the order in which Weir's stages make them. Each takes a whole batch.
enum FloorStatements {
    static let all = [
        insertObjects, insertRequestObjects, insertRuns, insertRunRequests, claimRuns, closeRunRequests, insertResults,
        insertLog, handOnRuns, insertValues, closeRuns,
    ]

    static let insertObjects = Statement(
        "object: insert",
        """
        insert into public.object (org_id, id, object_type_id, original_object_value_name, request_id)
        select $1, i.id, $2, i.name, $3
        from unnest($4::uuid[], $5::text[]) as i(id, name)
        order by i.name
        on conflict do nothing
        """)

    static let insertRequestObjects = Statement(
        "request_object: insert",
        """
        insert into public.request_object (org_id, activity_request_id, position, object_id, name)
        select $1, $2, i.position, i.object_id, i.name
        from unnest($3::int[], $4::uuid[], $5::text[]) as i(position, object_id, name)
        """)

    static let insertRuns = Statement(
        "run_queue: insert ready (history, counters)",
        """
        insert into public.run_queue (org_id, id, activity_request_id, source_id, object_id, position, state)
        select $1, i.id, $2, $3, i.object_id, i.position, 'ready'
        from unnest($4::uuid[], $5::uuid[], $6::int[]) as i(id, object_id, position)
        """)

    static let insertRunRequests = Statement(
        "run_request: insert in_progress (history)",
        """
        insert into public.run_request (org_id, id, source_id, state, attempt, worker_id, run_ids)
        select $1, i.id, $2, 'in_progress', 1, $3, array[i.run_id]
        from unnest($4::uuid[], $5::uuid[]) as i(id, run_id)
        """)

    static let claimRuns = Statement(
        "run_queue: ready → in_progress (history)",
        """
        update public.run_queue as r
        set state = 'in_progress', attempt = r.attempt + 1, worker_id = $1, run_request_id = i.exchange_id
        from unnest($2::uuid[], $3::uuid[]) as i(id, exchange_id)
        where r.id = i.id
        """)

    static let closeRunRequests = Statement(
        "run_request: in_progress → done (history)",
        """
        update public.run_request as q
        set state = 'done', worker_id = null
        from unnest($1::uuid[]) as i(id)
        where q.id = i.id
        """)

    static let insertResults = Statement(
        "run_result: insert",
        """
        insert into public.run_result (org_id, run_request_id, status, content_type, body)
        select $1, i.id, 200, 'application/json', i.body
        from unnest($2::uuid[], $3::bytea[]) as i(id, body)
        """)

    static let insertLog = Statement(
        "run_log: insert",
        """
        insert into public.run_log (org_id, run_request_id, method, url, status, duration_ms, response_bytes)
        select $1, i.id, 'GET', i.url, 200, 0.5, $4
        from unnest($2::uuid[], $3::text[]) as i(id, url)
        """)

    static let handOnRuns = Statement(
        "run_queue: substate fetched",
        """
        update public.run_queue as r
        set state_substate = 'fetched', worker_id = null
        from unnest($1::uuid[]) as i(id)
        where r.id = i.id
        """)

    static let insertValues = Statement(
        "value: insert five",
        """
        insert into public.value (org_id, run_id, object_id, datapoint_id, source_id, activity_request_id, value)
        select $1, ($2::uuid[])[v.k], ($3::uuid[])[v.k], v.datapoint_id, $4, $5, v.value
        from unnest($6::int[], $7::uuid[], $8::jsonb[]) as v(k, datapoint_id, value)
        on conflict do nothing
        """)

    static let closeRuns = Statement(
        "run_queue: in_progress → done (history, counters)",
        """
        update public.run_queue as r
        set state = 'done', state_substate = null, value_bytes = 100
        from unnest($1::uuid[]) as i(id)
        where r.id = i.id
        """)
}
