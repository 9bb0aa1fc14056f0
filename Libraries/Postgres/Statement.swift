/// One SQL statement with a name of its own: the unit that is prepared, counted and named in errors.
///
/// A connection prepares a statement once, under a name derived from ``name``, and keeps it in a bounded cache.
/// Parameters are written `$1`, `$2`, … in ``sql``; values never become part of the text.
///
/// ```swift
/// static let claim = Statement("run.claim", "UPDATE run_queue SET state = 'in_progress' WHERE id = ANY ($1)")
/// ```
public struct Statement: Sendable {
    /// What errors, logs and `pg_prepared_statements` call it. Never holds values.
    public let name: String
    /// One statement of SQL, without a trailing semicolon.
    public let sql: String

    /// Names a piece of SQL. Nothing is sent and nothing is checked here.
    public init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
    }
}

extension Statement: Hashable {
    /// Two statements are the same when name and text are.
    public static func == (left: Statement, right: Statement) -> Bool {
        left.name == right.name && left.sql == right.sql
    }

    /// Hashes the short name only: the text can be kilobytes, and equal storage compares in constant time anyway.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
    }
}
