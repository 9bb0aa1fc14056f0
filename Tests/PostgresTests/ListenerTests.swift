import Postgres
import TestServers
import Testing

@Suite("Listener") struct ListenerTests {
    @Test func notificationsArriveInOrderAfterTheFirstResynchronize() async throws {
        let cluster = try await PostgresCluster.shared()
        try await cluster.withDatabase { connectionString in
            let configuration = PostgresPool.Configuration(connectionString: connectionString)
            let listener = try PostgresListener(
                configuration: configuration, channels: ["work", "Odd \"name\""], logger: .silent)
            let pool = PostgresPool(configuration: configuration, logger: .silent)
            var events = listener.makeAsyncIterator()
            #expect(await events.next() == .resynchronize)
            let notify = Statement("notify", "SELECT pg_notify($1, $2)")
            try await pool.execute(notify, "work", "1")
            try await pool.execute(notify, "elsewhere", "2")
            try await pool.execute(notify, "Odd \"name\"", "3 ü")
            #expect(await events.next() == .notification(channel: "work", payload: "1"))
            #expect(await events.next() == .notification(channel: "Odd \"name\"", payload: "3 ü"))
            listener.close()
            #expect(await events.next() == nil)
            await pool.close()
        }
    }

    @Test func aRestartOfTheServerGivesAnotherResynchronize() async throws {
        let cluster = try await PostgresCluster()
        let configuration = PostgresPool.Configuration(connectionString: cluster.connectionString())
        let listener = try PostgresListener(configuration: configuration, channels: ["work"], logger: .silent)
        var events = listener.makeAsyncIterator()
        #expect(await events.next() == .resynchronize)
        try await cluster.restart()
        #expect(await events.next() == .resynchronize)
        let pool = PostgresPool(configuration: configuration, logger: .silent)
        try await pool.execute(Statement("notify", "NOTIFY work, 'again'"))
        #expect(await events.next() == .notification(channel: "work", payload: "again"))
        await pool.close()
        listener.close()
        await cluster.remove()
    }

    @Test func cancellingTheTaskEndsTheIteration() async throws {
        let cluster = try await PostgresCluster.shared()
        let configuration = PostgresPool.Configuration(connectionString: cluster.connectionString())
        let listener = try PostgresListener(configuration: configuration, channels: ["cancel"], logger: .silent)
        let task = Task {
            var seen = 0
            for await _ in listener { seen += 1 }
            return seen
        }
        task.cancel()
        #expect(await task.value <= 1)
        listener.close()
    }

    @Test func namesThatNoChannelCanHaveAreRefused() {
        for name in ["", "a\0b"] {
            #expect(throws: PostgresError.self) {
                try PostgresListener(
                    configuration: .init(connectionString: "host=/nowhere"), channels: [name], logger: .silent)
            }
        }
    }
}
