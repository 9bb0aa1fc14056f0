import Contracts
import Logging
import Messaging
import Outbound
import Postgres
import Reporting
import Runtime
import ServiceLifecycle
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a service is made of, built from its settings: a pool, a bus client, its standing as a worker.
///
/// - Configuration keys:
///   - `WEIR_DATABASE_URL` (libpq URI, required)
///   - `WEIR_DATABASE_CONNECTIONS` (int): the size of the pool
///   - `WEIR_BUS_ENDPOINTS` (comma-separated, required) and `WEIR_BUS_EVENTS` (optional)
///   - `WEIR_BUS_KEYS` (directory, optional): CURVE keys made by `weir keys`
///   - `WEIR_LEASE` (duration, default: 15s): how long this worker may be silent before its claims are void
///   - those of `ServiceReporter`
public struct ServiceParts: Sendable {
    /// Settings, log, health, metrics, secrets, ids.
    public let context: RuntimeContext
    /// How the service logs in to Postgres.
    public let sessions: PostgresPool.Configuration
    /// Connections to Postgres, as the service's own role.
    public let pool: PostgresPool
    /// The bus.
    public let bus: BusClient
    /// What says hints over the bus.
    public let hints: HintPublisher
    /// The service's standing as a worker.
    public let lease: WorkerLease
    private let refusals: RefusalLog
    private let reporter: ServiceReporter?

    /// Builds the parts and registers their health checks. Nothing is connected to yet but in the background.
    ///
    /// - Throws: `ConfigurationError` that names the setting.
    public init(
        _ context: RuntimeContext, connections: Int, connectionsMin: Int = 1, idleInTransaction: Duration = .seconds(60)
    ) throws {
        let settings = context.configuration
        let size = try settings.int("WEIR_DATABASE_CONNECTIONS", default: connections, in: connectionsMin...200)
        var sessions = ServiceSession.configuration(
            url: try settings.requiredString("WEIR_DATABASE_URL"), service: context.name, connections: size,
            idleInTransaction: idleInTransaction)
        let refusals = RefusalLog(component: context.name, metrics: context.metrics, logger: context.logger)
        sessions.onRefusedStatement = { refusals.note($0) }
        let pool = PostgresPool(configuration: sessions, logger: context.logger)
        let bus = try BusClient(configuration: BusSettings.client(context), logger: context.logger)
        let leaseDuration = try settings.duration(
            "WEIR_LEASE", default: .seconds(15), in: .seconds(1) ... .seconds(600))
        let ids = context.ids
        self.context = context
        self.sessions = sessions
        self.refusals = refusals
        reporter = try ServiceReporter(context)
        self.pool = pool
        self.bus = bus
        let (host, processID) = (ProcessInfo.processInfo.hostName, ProcessInfo.processInfo.processIdentifier)
        hints = HintPublisher(
            bus: bus, service: context.name, host: host, processID: processID, ids: ids, clock: context.clock,
            metrics: context.metrics)
        lease = WorkerLease(
            store: WorkerStore(pool: pool), service: context.name, host: host, processID: processID,
            duration: leaseDuration,
            makeID: { WorkerID(ids.next()) }, logger: context.logger)
        context.health.register("postgres") { try await pool.probe() }
        context.health.register("bus") { try await bus.ping(timeout: .seconds(1)) }
        context.metrics.show(pool, connectionsMax: size)
        context.metrics.show(bus)
    }

    /// Keeps the parts open while the services that use them run; list it before them.
    public var keeper: any Service { Keeper(pool: pool, bus: bus, refusals: refusals, reporter: reporter) }

    private struct Keeper: Service {
        let pool: PostgresPool
        let bus: BusClient
        let refusals: RefusalLog
        let reporter: ServiceReporter?

        func run() async throws {
            await withDiscardingTaskGroup { group in
                group.addTask { await refusals.write(to: LogStore(pool: pool)) }
                group.addTask { await cancelWhenGracefulShutdown { await reporter?.report(over: bus) } }
                try? await gracefulShutdown()
                // What was refused last is written before the pool closes.
                refusals.finish()
            }
            await bus.close()
            await pool.close()
        }
    }
}
