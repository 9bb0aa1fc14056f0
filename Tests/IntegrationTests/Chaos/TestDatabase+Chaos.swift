import Testing

/// What is looked at once the chaos is over.
extension TestDatabase {
    /// Holds tables, with a condition or without, against how many rows each should have.
    func expectRows(_ expected: [(String, Int)]) async throws {
        for (rows, count) in expected {
            let found = try await value(Int.self, "select count(*) from \(rows)")
            #expect(found == count, "\(rows)")
        }
    }

    /// What came to its end more than once.
    func finishedTwice() async throws -> [String] {
        try await column(
            String.self,
            """
            select entity || ' ' || entity_id from public.state_history
            where to_state in ('done', 'delivered')
            group by entity, entity_id, to_state having count(*) > 1
            """)
    }
}
