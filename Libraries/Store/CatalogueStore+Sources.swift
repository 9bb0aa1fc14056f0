import Postgres

extension CatalogueStore {
    /// A source by its name.
    public struct SourceName: Sendable, Hashable {
        /// The key of its organization.
        public let organization: String
        /// Its own.
        public let key: String

        /// A name.
        public init(organization: String, key: String) {
            self.organization = organization
            self.key = key
        }
    }

    /// How many names are read.
    private static let namesMax = 1_000

    private static let sourceNames = Statement(
        "catalogue.source_names",
        """
        select g.key, s.key
        from public.source as s join public.org as g on g.id = s.owner_org_id
        order by (s.key = $1) desc, g.key, s.key
        limit $2
        """)

    /// The names of sources of all organizations, those with this key first; at most 1,000.
    public func sourceNames(first key: String) async throws -> [SourceName] {
        try await pool.execute(Self.sourceNames, key, Int32(Self.namesMax)).map { row in
            let (organization, key) = try row.decode((String, String).self)
            return SourceName(organization: organization, key: key)
        }
    }
}
