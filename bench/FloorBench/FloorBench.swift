import Glibc
import Logging
import Postgres
import Runtime
import Store

/// Writes the rows of enrichments and does nothing else: what Postgres alone allows on this machine. Prints one JSON line.
///
/// The rows are those that Weir writes for one run with one object and five values, in the same tables, under the same triggers,
/// policies and session settings; the database holds the schema and the catalogue of the benchmarks. One batch is one
/// pipeline and one commit, which is less than Weir can do: it has to commit each stage before the next may see it.
///
///     FloorBench --database-url URL --answer FILE [--runs 10000] [--batch 100] [--connections 8]
@main
enum FloorBench {
    static func main() async {
        do {
            let options = try FloorOptions(arguments: Array(CommandLine.arguments.dropFirst()))
            print(try await run(options))
        } catch {
            let message = "FloorBench: \(error)\n"
            _ = message.withCString { Glibc.write(STDERR_FILENO, $0, message.utf8.count) }
            exit(1)
        }
    }

    private static func run(_ options: FloorOptions) async throws -> String {
        var configuration = ServiceSession.configuration(
            url: options.databaseURL, service: "floor-bench", connections: options.connections)
        // Row-level security is forced on the owner as on the services; a superuser would be spared it.
        configuration.sessionSettings["role"] = "weir_owner"
        let logger = Logger(label: "floor-bench") { _ in SwiftLogNoOpLogHandler() }
        let pool = PostgresPool(configuration: configuration, logger: logger)
        let writers = try await makeWriters(options, pool: pool)
        // Prepares the statements on every connection, as the services' are when work arrives.
        try await write(batches: options.connections * 2, writers)
        let batches = (options.runs + options.batch - 1) / options.batch
        let start = ContinuousClock.now
        try await write(batches: batches, writers)
        let duration = ContinuousClock.now - start
        await pool.close()
        let runs = batches * options.batch
        let statements = FloorStatements.all.map { "\"\($0.name)\"" }.joined(separator: ", ")
        return #"{"benchmark": "floor", "runs": \#(runs), "batch": \#(options.batch), "#
            + #""connections": \#(options.connections), "seconds": \#(duration / .seconds(1)), "#
            + #""runs_per_second": \#(Double(runs) / (duration / .seconds(1))), "statements_per_batch": [\#(statements)]}"#
    }

    private static func makeWriters(_ options: FloorOptions, pool: PostgresPool) async throws -> [FloorWriter] {
        let ids = IDGenerator()
        let catalogue = try await FloorCatalogue.read(pool)
        let answer = try options.readAnswer()
        var writers: [FloorWriter] = []
        for _ in 0..<options.connections {
            // A request each: they share no row of counters, so that nobody waits for another's commit.
            let request = ids.next()
            try await catalogue.addRequest(request, pool: pool)
            writers.append(
                FloorWriter(
                    pool: pool, ids: ids, catalogue: catalogue, request: request, answer: answer, batch: options.batch))
        }
        return writers
    }

    /// Every writer takes its share of the batches.
    private static func write(batches: Int, _ writers: [FloorWriter]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, writer) in writers.enumerated() {
                let share = (batches + writers.count - 1 - index) / writers.count
                group.addTask { for _ in 0..<share { try await writer.writeBatch() } }
            }
            try await group.waitForAll()
        }
    }
}
