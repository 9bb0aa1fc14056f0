import Logging
import Postgres
import Synchronization
import TestServers
import Testing

@Suite("Logging") struct LoggingTests {
    @Test func noticesAreLoggedAtDebug() async throws {
        let cluster = try await PostgresCluster.shared()
        let log = LogRecorder()
        let configuration = PostgresPool.Configuration(connectionString: cluster.connectionString())
        let pool = PostgresPool(configuration: configuration, logger: Logger(label: "test") { _ in log })
        try await pool.withConnection { try await $0.script("DO $$ BEGIN RAISE NOTICE 'two words'; END $$") }
        await pool.close()
        #expect(log.lines.contains("debug Notice from Postgres. NOTICE:  two words"))
    }

    @Test func anErrorIsSaidOnceWithoutPasswordOrValues() async throws {
        let log = LogRecorder()
        var configuration = PostgresPool.Configuration(
            connectionString: "host=/nowhere/at/all user=u dbname=d password=hunter2")
        configuration.acquireTimeout = .milliseconds(200)
        let pool = PostgresPool(configuration: configuration, logger: Logger(label: "test") { _ in log })
        var error: PostgresError?
        // The time-out may pass before the first attempt to connect has been made.
        for _ in 0..<300 where error?.message.contains("failed") != true {
            error = try await postgresError { try await pool.execute(Statement("one", "SELECT $1"), "swordfish") }
        }
        await pool.close()
        #expect(error?.message.contains("/nowhere/at/all") == true)
        #expect(log.lines.filter { $0.hasPrefix("warning") }.count == 1)
        let everything = log.lines.joined() + "\(configuration) \(String(describing: error))"
        #expect(!everything.contains("hunter2"))
        #expect(!everything.contains("swordfish"))
    }
}

/// Keeps what is logged, with all metadata.
private final class LogRecorder: LogHandler {
    private let recorded = Mutex<[String]>([])

    var lines: [String] { recorded.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let values = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.value)" }
        recorded.withLock { $0.append("\(event.level) \(event.message) \(values.joined(separator: " "))") }
    }
}
