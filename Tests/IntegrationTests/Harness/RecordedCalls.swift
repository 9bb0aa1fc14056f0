import Testing

/// Objects whose answer is on disk, and how often the API had been called for each when that was read.
struct RecordedCalls: Sendable {
    private(set) var calls: [String: Int]

    /// Adds what was recorded since; of two looks at one object the first is the stricter.
    mutating func merge(_ later: RecordedCalls) {
        calls.merge(later.calls) { first, _ in first }
    }

    init(_ platform: Platform) async throws {
        let names = try await platform.database.column(
            String.self,
            """
            select o.name
            from public.run_result as x
            join public.run_request as q on q.id = x.run_request_id
            cross join unnest(q.run_ids) as u(id)
            join public.run_queue as r on r.id = u.id
            join public.request_object as o
              on o.activity_request_id = r.activity_request_id and o.position = r.position
            """)
        let calls = platform.api.calls
        self.calls = Dictionary(names.map { ($0, calls[$0] ?? 0) }, uniquingKeysWith: max)
    }

    /// An answer that was recorded is never asked for again. One that a killed executor had not recorded yet is lost with it, and
    /// asked for again: once for each time that the run's executor is known to have gone away, and once for each failure that
    /// the run got over.
    func expectNoneTwice(of names: [String], _ platform: Platform) async throws {
        let made = platform.api.calls
        for (name, before) in calls where made[name] != before {
            Issue.record("\(name) was recorded after \(before) calls and called \(made[name] ?? 0) times in all")
        }
        let lost = try await platform.database.column(
            String.self,
            """
            select o.name
            from public.run_queue as r
            join public.request_object as o
              on o.activity_request_id = r.activity_request_id and o.position = r.position
            join public.state_history as h on h.entity_id = r.id and h.from_state = 'in_progress'
              and h.to_state in ('ready', 'waiting')
            """)
        let losses = Dictionary(lost.map { ($0, 1) }, uniquingKeysWith: +)
        for name in names {
            let count = made[name] ?? 0
            #expect((1...1 + losses[name, default: 0]).contains(count), "\(name) was called \(count) times")
        }
    }
}
