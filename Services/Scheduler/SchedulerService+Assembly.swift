import Assembly
import Runtime
import ServiceLifecycle
import Store

extension SchedulerService {
    /// A scheduler and all that it needs, in the order of their dependencies.
    ///
    /// - Configuration keys (besides those of `ServiceParts`):
    ///   - `WEIR_SWEEP` (duration, default: 1s): how often it sweeps
    ///   - `WEIR_RETENTION` (duration, default: 0s, which keeps everything): how long runs, answers and history are kept
    ///   - `WEIR_DELIVERY_RETENTION` (duration, default: 720h; 0s keeps everything): how long deliveries and their attempts are kept after their end
    ///   - `WEIR_MONITOR` (duration, default: 15s): how often it looks at the state of all work, for metrics
    public static func assemble(_ context: RuntimeContext) throws -> [any Service] {
        let settings = context.configuration
        var configuration = Configuration()
        configuration.sweepInterval = try settings.duration(
            "WEIR_SWEEP", default: configuration.sweepInterval, in: .milliseconds(50) ... .seconds(60))
        configuration.grace = try settings.duration(
            "WEIR_LEASE", default: configuration.grace, in: .seconds(1) ... .seconds(600))
        let retention = try settings.duration("WEIR_RETENTION", default: .zero, in: .zero ... .seconds(315_360_000))
        configuration.retention = retention == .zero ? nil : retention
        configuration.deliveryRetention = try settings.deliveryRetention
        var monitoring = StateMonitor.Configuration()
        monitoring.interval = try settings.duration(
            "WEIR_MONITOR", default: monitoring.interval, in: .milliseconds(100) ... .seconds(3600))
        // One for each of the loops that must not wait for another: sweeping, keeping in touch, looking.
        let parts = try ServiceParts(context, connections: 3)
        let service = SchedulerService(
            configuration: configuration, sweep: SweepStore(pool: parts.pool), runs: RunStore(pool: parts.pool),
            requests: RequestStore(pool: parts.pool), results: ResultStore(pool: parts.pool), hints: parts.hints,
            context: context)
        let monitor = StateMonitor(
            configuration: monitoring, store: MonitoringStore(pool: parts.pool), metrics: context.metrics,
            logger: context.logger)
        return [parts.keeper, service, monitor]
    }
}
