import Postgres
import Testing

extension Platform {
    /// Looks for texts in all tables and logs, where none of them may stand.
    func expectNowhere(_ secrets: [String]) async throws {
        let tables = try await database.column(
            String.self,
            """
            select c.oid::regclass::text from pg_class as c
            where c.relnamespace in ('public'::regnamespace, 'etl_api'::regnamespace) and c.relkind in ('r', 'p') and not c.relispartition
            """)
        #expect(tables.contains("source_token") && tables.contains("run_log"))
        for table in tables {
            // Bytes are shown in hexadecimal.
            let shown = try await database.column(
                String.self,
                """
                select s.secret from unnest($1::text[]) as s(secret)
                where exists (select from \(table) as t where strpos(t::text, s.secret) > 0
                                or strpos(t::text, encode(convert_to(s.secret, 'UTF8'), 'hex')) > 0)
                """, secrets)
            #expect(shown == [], "\(table) shows secrets")
        }
        for log in logs {
            #expect(secrets.filter { log.text.contains($0) } == [], "\(log.instance) logs secrets")
        }
    }
}
