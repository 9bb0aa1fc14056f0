import Postgres
import Testing

extension TestDatabase {
    /// Whether the states in a database have to agree with each other when its test ends.
    enum StateConsistency: Sendable {
        /// They have to: nothing but the product has written them.
        case required
        /// They need not, for a reason: the database has no such tables, or the test itself wrote what no service writes.
        case waived(because: String)
    }

    /// What contradicts what about states: one sentence for each difference, none when all is well.
    func stateDifferences() async throws -> [String] {
        try await column(
            String.self,
            """
            select format('%s: %s %s should be %s and is %s', c.rule, c.entity, c.id, c.expected, c.found)
            from etl_api.check_state_consistency() as c order by 1
            """)
    }

    /// Records an issue for each difference.
    func checkStates() async {
        guard case .required = consistency else { return }
        do {
            for difference in try await stateDifferences() { Issue.record("\(difference)") }
        } catch {
            Issue.record(error, "the states of \(name) could not be checked")
        }
    }
}
