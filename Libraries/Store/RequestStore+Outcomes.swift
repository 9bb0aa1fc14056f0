import Contracts
import Postgres
import Sources

/// Runs of a request of which there is the same to say.
public struct RunOutcome: Sendable {
    /// Which runs are looked at.
    public enum Kind: String, Sendable {
        /// Those that ended without success.
        case failed
        /// Those that wait to be tried again, for a job of an API, for the end of their source's pause, or for somebody to mend it.
        case waiting
        /// Those that are done although something was not as expected.
        case done
    }

    /// A call of an API that led there.
    public struct Call: Sendable {
        /// GET, POST, ….
        public let method: String
        /// The URL as called, every secret masked.
        public let url: String
        /// The HTTP status; nil when no answer came.
        public let status: Int?
        /// The beginning of the answer; nil when it was empty or may not be shown.
        public let answer: String?
    }

    /// A short word for programs.
    public let substate: String?
    /// The reason of the first of them; others may differ from it in quoted texts and numbers.
    public let reason: String?
    /// How many there are.
    public let count: Int
    /// The first of their objects, at most three.
    public let objects: [String]
    /// The last call about the first of these objects; nil when there was none.
    public let call: Call?
}

extension RequestStore {
    // First what is said in the same words, then what differs from object to object only: the pattern of a reason costs more
    // than comparing it. Of the call, an answer with success is shown only where the source sends no secret that it could
    // repeat; an answer without is stored masked.
    private static let outcomes = Statement(
        "request.outcomes",
        """
        with told as materialized (
            select s.id, s.paused_until, s.paused_reason, s.key,
                   case when s.unusable_version = s.version
                             and exists (select from public.worker as w where w.id = s.unusable_by and w.ended_at is null)
                        then s.unusable_reason end as unusable_reason
            from public.source as s
            where $3 = 'waiting' and s.owner_org_id = $1
        ), held as materialized (
            select t.id, case when t.unusable_reason is null then 'paused' else 'source_unusable' end as substate,
                   coalesce(t.unusable_reason, 'its source ' || t.key || ' is paused until '
                       || to_char(t.paused_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"')
                       || coalesce(': ' || t.paused_reason, '')) as reason
            from told as t
            where t.unusable_reason is not null or t.paused_until > clock_timestamp()
        ), ended as materialized (
            select case when r.object_id is not null then r.position end as position, r.run_request_id, r.source_id,
                   coalesce(h.substate, r.state_substate) as substate, coalesce(h.reason, r.state_reason) as reason
            from public.run_queue as r
            -- Those that are ready say nothing themselves: there may be a million.
            left join held as h on h.id = r.source_id and r.state = 'ready'
            where r.activity_request_id = $2 and r.org_id is not distinct from $1
              and case $3 when 'failed' then r.state in ('failed', 'invalid', 'timedout')
                          else h.id is not null or r.state::text = $3 and r.state_reason is not null end
        ), worded as materialized (
            select substate, reason, count(*) as count, (array_agg(position order by position))[1:3] as positions,
                   (array_agg(run_request_id order by position))[1] as exchange_id,
                   (array_agg(source_id order by position))[1] as source_id
            from ended
            group by substate, reason
        ), alike as materialized (
            select w.substate, (array_agg(w.reason order by p.position))[1] as reason,
                   sum(w.count) filter (where p.place = 1)::bigint as count,
                   (array_agg(p.position order by p.position))[1:3] as positions,
                   (array_agg(w.exchange_id order by p.position))[1] as exchange_id,
                   (array_agg(w.source_id order by p.position))[1] as source_id
            from worded as w
            cross join lateral unnest(w.positions) with ordinality as p(position, place)
            group by w.substate, utils.reason_pattern(w.reason)
            order by 3 desc, 1, 2
            limit 50
        )
        select a.substate, a.reason, a.count,
               array(select o.name from public.request_object as o
                     where o.activity_request_id = $2 and o.position = any (a.positions) order by o.position),
               l.method, l.url, l.status, l.answer,
               (select substring(x.body from 1 for $4) from public.run_result as x
                join public.source as s on s.id = a.source_id
                where x.run_request_id = a.exchange_id
                  and strpos(concat(\(SourceStep.columns { "s.\($0)" }), s.setup), '<<$secret.') = 0)
        from alike as a
        left join lateral (
            select l.method, l.url, l.status, l.answer from public.run_log as l
            where l.run_request_id = a.exchange_id and l.method <> '-'
            order by l.sequence desc limit 1
        ) as l on true
        order by a.count desc, a.substate, a.reason
        """)

    /// How much of an answer is shown, in bytes.
    private static let answerBytesMax: Int32 = 500

    /// What there is to say about a request's runs of a kind, the most frequent first.
    public func outcomes(
        _ kind: RunOutcome.Kind, of id: ActivityRequestID, org: OrgID
    ) async throws(PostgresError) -> [RunOutcome] {
        var outcomes: [RunOutcome] = []
        for row in try await pool.execute(Self.outcomes, org, id, kind.rawValue, Self.answerBytesMax) {
            let (substate, reason, count, objects, method, url, status, answer, body) = try row.decode(
                (String?, String?, Int64, [String], String?, String?, Int32?, String?, Bytea?).self)
            var call: RunOutcome.Call?
            if let method, let url {
                call = RunOutcome.Call(
                    method: method, url: url, status: status.map(Int.init),
                    answer: answer ?? body.flatMap { Self.beginning($0.bytes) })
            }
            outcomes.append(
                RunOutcome(substate: substate, reason: reason, count: Int(count), objects: objects, call: call))
        }
        return outcomes
    }

    private static func beginning(_ bytes: [UInt8]) -> String? {
        bytes.isEmpty ? nil : PlainText.of(bytes, isCut: bytes.count >= answerBytesMax)
    }
}
