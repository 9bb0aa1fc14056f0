import Postgres

/// Holds statements in their middle, inside Postgres, until a test lets them go on: a trigger of theirs waits for a lock that the
/// test has.
struct StatementGate: Sendable {
    private static let close = Statement("gate.close", "select pg_advisory_lock(7)")
    private static let open = Statement("gate.open", "select pg_advisory_unlock(7)")

    private let database: TestDatabase
    private let connection: PostgresConnection

    /// Lends a closed gate in the way of all statements that insert into a table or update it.
    ///
    /// - Parameters:
    ///   - event: `insert` or `update`.
    ///   - condition: SQL that says of a statement's new rows, the table `given`, whether it is held.
    ///   - refusal: the SQLSTATE with which each statement that goes through is refused, whether it was held or not; nil for none.
    static func with(
        _ database: TestDatabase, event: String, on table: String, if condition: String = "exists (select from given)",
        refusing refusal: (condition: String, sqlState: String)? = nil, _ body: (StatementGate) async throws -> Void
    ) async throws {
        try await database.pool.withConnection { connection in
            try await connection.execute(close)
            let refuse = refusal.map {
                "if \($0.condition) then raise 'refused' using errcode = '\($0.sqlState)'; end if;"
            }
            try await connection.script(
                """
                create function public.pass_gate() returns trigger language plpgsql as $$
                begin
                    if \(condition) then perform pg_advisory_xact_lock_shared(7); end if;
                    \(refuse ?? "")
                    return null;
                end
                $$;
                create trigger pass_gate after \(event) on public.\(table)
                    referencing new table as given for each statement execute function public.pass_gate();
                """)
            let gate = StatementGate(database: database, connection: connection)
            do {
                try await body(gate)
            } catch {
                // Whatever is held would hold up the removal of everything.
                try? await gate.open()
                throw error
            }
            try await gate.open()
        }
    }

    /// Waits until a statement is held.
    func waitUntilHeld() async throws {
        try await eventually("a statement that is held") {
            try await database.value(
                Bool.self,
                """
                select exists (select from pg_locks as l join pg_database as d on d.oid = l.database
                               where d.datname = current_database() and l.locktype = 'advisory' and not l.granted)
                """)
        }
    }

    /// Lets everything go on, from now on.
    func open() async throws {
        try await connection.execute(Self.open)
    }
}
