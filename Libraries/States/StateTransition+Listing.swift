extension StateTransition {
    /// One row of the table `state_transition`: a transition in one entity.
    public struct Row: Sendable, Hashable {
        /// The table's name, such as `run_queue`.
        public let entity: String
        /// The label of the state before.
        public let from: String
        /// The label of the state after.
        public let to: String
        /// `normal` or `recovery`.
        public let kind: String
        /// When it happens, in a few words for people.
        public let rule: String
        /// The reasons that allow it; empty for a normal transition.
        public let reasons: [String]
    }

    /// All transitions, one row per entity, ordered by entity and then as in ``all``.
    public static var rows: [Row] {
        StateEntity.allCases.flatMap { entity in
            all.filter { $0.entities.contains(entity) }.map { transition in
                Row(
                    entity: entity.rawValue,
                    from: transition.from.rawValue,
                    to: transition.to.rawValue,
                    kind: transition.kind.rawValue,
                    rule: transition.rule,
                    reasons: transition.reasons.map(\.rawValue)
                )
            }
        }
    }

    /// All transitions as CSV with a header; reasons are joined by spaces. What `COPY … WITH (FORMAT csv, HEADER)` reads.
    public static var csv: String {
        let lines = rows.map { [$0.entity, $0.from, $0.to, $0.kind, $0.reasons.joined(separator: " ")] }
        return ([["entity", "from_state", "to_state", "kind", "reasons"]] + lines)
            .map { $0.joined(separator: ",") + "\n" }
            .joined()
    }
}
