import Assembly
import Outbound
import Runtime
import ServiceLifecycle
import Store

extension DeliveryService {
    /// A delivery service and all that it needs, in the order of their dependencies.
    ///
    /// - Configuration keys (besides those of `ServiceParts` and `OutboundSettings`):
    ///   - `WEIR_DELIVERY_POSTS` (int, default: 64): webhooks posted at once
    ///   - `WEIR_DELIVERY_POLL` (duration, default: 1s): how often it looks for deliveries that are due
    public static func assemble(_ context: RuntimeContext) throws -> [any Service] {
        let settings = context.configuration
        var configuration = Configuration()
        configuration.postsMax = try settings.int(
            "WEIR_DELIVERY_POSTS", default: configuration.postsMax, in: 1...10_000)
        configuration.pollInterval = try settings.duration(
            "WEIR_DELIVERY_POLL", default: configuration.pollInterval, in: .milliseconds(50) ... .seconds(60))
        let parts = try ServiceParts(context, connections: 3)
        let outbound = try OutboundClient(
            configuration: OutboundSettings.configuration(context), logger: context.logger)
        let poster = WebhookPoster(
            client: outbound, secrets: context.secrets, clock: context.clock, ids: context.ids,
            policy: DeliveryPolicy(), random: { Double.random(in: 0...1) })
        let service = DeliveryService(
            configuration: configuration, deliveries: DeliveryStore(pool: parts.pool), poster: poster,
            lease: parts.lease, bus: parts.bus, context: context)
        return [parts.keeper, OutboundKeeper(outbound), service]
    }
}
