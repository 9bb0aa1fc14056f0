import Contracts
import Postgres

extension QueryResult {
    /// The requests of rows that consist of `id`, `org_id` and `traceparent`.
    func requestReferences() throws(PostgresError) -> [RequestReference] {
        var references: [RequestReference] = []
        references.reserveCapacity(count)
        for row in self {
            let (id, org, traceparent) = try row.decode((ActivityRequestID, OrgID, String?).self)
            references.append(RequestReference(id: id, org: org, traceparent: traceparent))
        }
        return references
    }
}
