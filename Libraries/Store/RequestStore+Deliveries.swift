import Contracts
import Postgres

extension RequestStore {
    private static let deliveries = DeliveryRecord.statement(ofRequestIn: "activity_request")

    /// The deliveries of a request's outcome, by endpoint; none before it has ended.
    public func deliveries(of id: ActivityRequestID, org: OrgID) async throws(PostgresError) -> [DeliveryRecord] {
        try await pool.execute(Self.deliveries, org, id).deliveries()
    }
}

extension QueryResult {
    /// Rows of ``DeliveryRecord/columns``.
    func deliveries() throws(PostgresError) -> [DeliveryRecord] {
        var deliveries: [DeliveryRecord] = []
        for row in self { deliveries.append(try DeliveryRecord(row, from: 0)) }
        return deliveries
    }
}
