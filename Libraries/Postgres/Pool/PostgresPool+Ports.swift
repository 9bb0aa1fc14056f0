extension PostgresPool.Configuration {
    /// The ports of the servers that the connection string names, Postgres's own where none stands; none if it cannot be read.
    public var ports: [Int] {
        guard let keywords = try? ConnectionParameters.parse(connectionString) else { return [] }
        let text = keywords["port"] ?? ""
        return text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? Self.standardPort }
    }

    private static let standardPort = 5_432
}
