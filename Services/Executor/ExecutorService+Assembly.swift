import Assembly
import Contracts
import Outbound
import Runtime
import ServiceLifecycle
import Store

extension ExecutorService {
    /// An executor and all that it needs, in the order of their dependencies.
    ///
    /// - Configuration keys (besides those of `ServiceParts` and `OutboundSettings`):
    ///   - `WEIR_EXECUTOR_EXCHANGES` (int, default: 256): HTTP exchanges in flight at once
    ///   - `WEIR_EXECUTOR_BACKLOG` (int, default: 1024) and `WEIR_EXECUTOR_BACKLOG_BYTES` (size, default: 256MiB): outcomes that wait to
    ///     be recorded; nothing new begins above it
    ///   - `WEIR_PUBLIC_URL` and `WEIR_SIGNING_KEY` (text, default: none): for `<<$callback_url>>`, as intake has them
    ///   - `WEIR_EXECUTOR_POLL` (duration, default: 2s): how often it looks for work that no hint announced
    public static func assemble(_ context: RuntimeContext) throws -> [any Service] {
        var configuration = Configuration()
        configuration.exchangesMax = try context.configuration.int(
            "WEIR_EXECUTOR_EXCHANGES", default: configuration.exchangesMax, in: 1...10_000)
        configuration.backlogMax = try context.configuration.int(
            "WEIR_EXECUTOR_BACKLOG", default: configuration.backlogMax, in: 1...100_000)
        configuration.backlogBytesMax = try context.configuration.bytes(
            "WEIR_EXECUTOR_BACKLOG_BYTES", default: configuration.backlogBytesMax, in: (1 << 20)...(1 << 40))
        let lease = try context.configuration.duration(
            "WEIR_LEASE", default: .seconds(15), in: .seconds(1) ... .seconds(600))
        // Cancelled work is not begun any more, and calls under way are aborted, well within one lease.
        configuration.lookAfterHeld = lease / 5
        configuration.permitValid = lease / 2
        configuration.pollInterval = try context.configuration.duration(
            "WEIR_EXECUTOR_POLL", default: configuration.pollInterval, in: .milliseconds(50) ... .seconds(60))
        let parts = try ServiceParts(context, connections: 5)
        let outbound = try OutboundSettings.client(context)
        let service = ExecutorService(
            configuration: configuration, stores: .init(pool: parts.pool),
            callbacks: try CallbackLinks(context.configuration),
            lease: parts.lease, bus: parts.bus, hints: parts.hints, outbound: outbound, context: context)
        return [parts.keeper, OutboundKeeper(outbound), service]
    }
}
