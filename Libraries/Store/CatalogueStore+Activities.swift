public import Contracts
import Postgres

extension CatalogueStore {
    /// The name that a file gives to an activity.
    public struct ActivityName: Sendable, Hashable {
        /// Its id.
        public let id: ActivityID
        /// The key of its organization.
        public let organization: String
        /// Its own.
        public let key: String
    }

    private static let activityNames = Statement(
        "catalogue.activity_names",
        """
        select a.id, g.key, a.key
        from public.activity as a join public.org as g on g.id = a.org_id
        where a.id = any ($1)
        """)

    /// The activities that have one of these ids.
    public func activityNames(ofIDs ids: [ActivityID]) async throws -> [ActivityName] {
        try await pool.execute(Self.activityNames, ids).map { row in
            let (id, organization, key) = try row.decode((ActivityID, String, String).self)
            return ActivityName(id: id, organization: organization, key: key)
        }
    }
}
