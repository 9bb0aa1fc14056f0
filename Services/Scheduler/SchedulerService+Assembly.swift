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
    public static func assemble(_ context: RuntimeContext) throws -> [any Service] {
        let settings = context.configuration
        var configuration = Configuration()
        configuration.sweepInterval = try settings.duration(
            "WEIR_SWEEP", default: configuration.sweepInterval, in: .milliseconds(50) ... .seconds(60))
        configuration.grace = try settings.duration(
            "WEIR_LEASE", default: configuration.grace, in: .seconds(1) ... .seconds(600))
        let retention = try settings.duration("WEIR_RETENTION", default: .zero, in: .zero ... .seconds(315_360_000))
        configuration.retention = retention == .zero ? nil : retention
        let parts = try ServiceParts(context, connections: 2)
        let service = SchedulerService(
            configuration: configuration, sweep: SweepStore(pool: parts.pool), runs: RunStore(pool: parts.pool),
            requests: RequestStore(pool: parts.pool), results: ResultStore(pool: parts.pool), hints: parts.hints,
            context: context)
        return [parts.keeper, service]
    }
}
