import Contracts
import Postgres

/// What a run that finds objects may find.
public struct FindingTerms: Sendable, Hashable {
    /// The type of the objects.
    public let objectType: ObjectTypeID
    /// How many objects its request may have at the most.
    public let objectsMax: Int
}

/// An object that an answer names.
public struct FoundObject: Sendable {
    /// Its name.
    public let name: String
    /// The values found, as JSON.
    public let values: [(datapoint: DatapointID, json: JSONB)]
    /// Of those values that normalization has changed, what the answer says; in the same order.
    public let originals: [(datapoint: DatapointID, json: JSONB)]
    /// What was not as expected about it, a sentence for people; nil when there is nothing to say.
    public let note: String?
    /// The bytes of the values as they will be read.
    let valueBytes: Int

    /// An object that an answer names.
    ///
    /// - Parameter bytesGained: what its values gain when Postgres writes their numbers out, at the most.
    public init(
        name: String, values: [(datapoint: DatapointID, json: JSONB)],
        originals: [(datapoint: DatapointID, json: JSONB)] = [], note: String? = nil, bytesGained: Int = 0
    ) {
        self.name = name
        self.values = values
        self.originals = originals
        self.note = note
        valueBytes = values.reduce(bytesGained) { $0 + $1.json.bytes.count }
    }
}

/// Values that a run found of an object.
struct ValuesOfObject {
    let run: FetchedRun
    let object: ObjectID
    let values: [(datapoint: DatapointID, json: JSONB)]
    let originals: [(datapoint: DatapointID, json: JSONB)]
}

extension RunStore {
    // In the order of the conflict key over the whole batch: two processors that find the same objects never wait for each other in a circle.
    private static let storeFoundObjects = Statement(
        "run.store_found_objects",
        """
        insert into public.object (org_id, object_type_id, original_object_value_name, request_id)
        select ($1::uuid[])[i.run], ($2::uuid[])[i.run], i.name, ($3::uuid[])[i.run]
        from unnest($4::int[], $5::text[]) as i(run, name)
        order by 2, i.name collate "C"
        on conflict do nothing
        """)

    // The order in which the counters of runs are locked, and before them. From here on nobody else adds objects to these requests.
    private static let lockProgress = Statement(
        "run.lock_progress",
        """
        select from public.request_progress as p
        where p.activity_request_id = any ($1)
        order by p.org_id, p.activity_request_id
        for no key update
        """)

    // A statement of its own, so that its snapshot sees what another processor has added before the lock. Objects get their places when all
    // runs of their request are over (etl_api.place_found_objects).
    private static let storeFindings = Statement(
        "run.store_findings",
        """
        with input as materialized (
            select i.run, i.place, i.name, i.bytes, i.note, ($5::uuid[])[i.run] as org_id, ($6::uuid[])[i.run] as type_id,
                   ($7::uuid[])[i.run] as request_id, ($8::uuid[])[i.run] as run_id, ($9::uuid[])[i.run] as source_id,
                   ($10::int[])[i.run] as objects_max
            from unnest($1::int[], $2::text[], $3::int[], $4::text[]) with ordinality as i(run, name, bytes, note, place)
        ), found as materialized (
            select i.*, o.id as object_id,
                   exists (select from public.object_finding as f
                           where f.activity_request_id = i.request_id and f.object_id = o.id) as is_known
            from input as i
            join public.object as o
              on o.org_id = i.org_id and o.object_type_id = i.type_id and o.original_object_value_name = i.name
        ), new as materialized (
            select f.request_id, f.objects_max, count(distinct f.object_id)::int as count
            from found as f where not f.is_known group by f.request_id, f.objects_max
        ), counted as (
            update public.request_progress as p
            set objects_total = etl_api.count_found(p.objects_total, n.count, n.objects_max),
                objects_expanded = etl_api.count_found(p.objects_total, n.count, n.objects_max)
            from new as n
            where p.activity_request_id = n.request_id
        ), linked as (
            insert into public.object_finding (org_id, activity_request_id, object_id, run_id, source_id, value_bytes, note, place)
            select f.org_id, f.request_id, f.object_id, f.run_id, f.source_id, f.bytes, f.note, f.place
            from found as f
            order by f.place
            on conflict do nothing
        )
        select f.place::int, f.object_id from found as f
        """)

    /// Stores the objects that runs have found, links them to request, run and source, and counts those that their request did not have yet.
    /// Nothing is done when no run finds objects.
    ///
    /// - Returns: the values to store.
    static func store(
        findingsOf processed: [ProcessedRun], in transaction: PostgresTransaction
    ) async throws -> [ValuesOfObject] {
        let finders = processed.filter { !$0.findings.isEmpty }
        if finders.isEmpty { return [] }
        let found = finders.enumerated().flatMap { place, run in
            run.findings.map { (run: Int32(place + 1), object: $0) }
        }
        let orgs = finders.map(\.run.org)
        let types = finders.map { $0.run.finding?.objectType }
        let requests = finders.map(\.run.request)
        var pipeline = Pipeline()
        pipeline.add(storeFoundObjects, orgs, types, requests, found.map(\.run), found.map(\.object.name))
        pipeline.add(lockProgress, Array(Set(processed.map(\.run.request))))
        pipeline.add(
            storeFindings, found.map(\.run), found.map(\.object.name),
            found.map { Int32(clamping: $0.object.valueBytes) },
            found.map(\.object.note), orgs, types, requests, finders.map(\.run.id), finders.map(\.run.source),
            finders.map { Int32(clamping: $0.run.finding?.objectsMax ?? 0) })
        return try await transaction.run(pipeline)[2].map { row in
            let (place, object) = try row.decode((Int32, ObjectID).self)
            let (run, found) = found[Int(place) - 1]
            return ValuesOfObject(
                run: finders[Int(run) - 1].run, object: object, values: found.values, originals: found.originals)
        }
    }
}
