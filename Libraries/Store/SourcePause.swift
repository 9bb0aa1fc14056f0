import Contracts
import Postgres

/// Nobody calls a source for a while.
public struct SourcePause: Sendable, Equatable {
    /// How long, from now on.
    public let duration: Duration
    /// Why, a sentence for people.
    public let reason: String

    /// A pause.
    public init(duration: Duration, reason: String) {
        self.duration = duration
        self.reason = reason
    }

    /// Pauses the sources that a common table expression `asked` names, with `source_id`, `seconds` and `reason`.
    ///
    /// In the order of their ids, so that two executors never wait for each other. A longer pause stands.
    static func statement(_ name: String, asked: String) -> Statement {
        Statement(
            name,
            """
            with asked as materialized (
                \(asked)
            ), longest as materialized (
                select a.source_id, max(a.seconds) as seconds, (array_agg(a.reason order by a.seconds desc))[1] as reason
                from asked as a
                group by a.source_id
            ), locked as materialized (
                select s.id, l.seconds, l.reason
                from longest as l
                join public.source as s on s.id = l.source_id
                order by s.id
                for no key update of s
            )
            update public.source as s
            set paused_until = clock_timestamp() + make_interval(secs => l.seconds), paused_reason = l.reason
            from locked as l
            where s.id = l.id
              and (s.paused_until is null or s.paused_until < clock_timestamp() + make_interval(secs => l.seconds))
            """)
    }
}
