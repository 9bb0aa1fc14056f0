import Assembly
import Contracts
import Outbound
import Runtime
import ServiceLifecycle
import Store

extension DeliveryService {
    /// A delivery service and all that it needs, in the order of their dependencies.
    ///
    /// - Configuration keys (besides those of `ServiceParts` and `OutboundSettings`):
    ///   - `WEIR_DELIVERY_POSTS` (int, default: 512): webhooks posted at once
    ///   - `WEIR_DELIVERY_POSTS_PER_ENDPOINT` (int, default: 16): webhooks posted to one endpoint at once
    ///   - `WEIR_DELIVERY_POLL` (duration, default: 1s): how often it looks for deliveries that are due
    ///   - `WEIR_DELIVERY_TIMEOUT` (duration, default: 15s): how long an endpoint may take for the whole exchange
    ///   - `WEIR_DELIVERY_RETRIES` (comma-separated durations): the wait after each failed attempt
    ///   - `WEIR_DELIVERY_DISABLE_AFTER` (duration, default: 5d): after how long without any success an endpoint is disabled
    ///   - `WEIR_SIGNING_KEY` (text, optional): opens the signing secrets that Weir has made
    public static func assemble(_ context: RuntimeContext) throws -> [any Service] {
        let settings = context.configuration
        var configuration = Configuration()
        configuration.limits.postsMax = try settings.int(
            "WEIR_DELIVERY_POSTS", default: configuration.limits.postsMax, in: 1...10_000)
        configuration.limits.endpointPostsMax = try settings.int(
            "WEIR_DELIVERY_POSTS_PER_ENDPOINT", default: configuration.limits.endpointPostsMax, in: 1...1_000)
        configuration.pollInterval = try settings.duration(
            "WEIR_DELIVERY_POLL", default: configuration.pollInterval, in: .milliseconds(50) ... .seconds(60))
        configuration.timeout = try settings.duration(
            "WEIR_DELIVERY_TIMEOUT", default: configuration.timeout, in: .milliseconds(100) ... .seconds(300))
        configuration.disableAfter = try settings.duration(
            "WEIR_DELIVERY_DISABLE_AFTER", default: configuration.disableAfter,
            in: .seconds(1) ... .seconds(365 * 86_400))
        var policy = DeliveryPolicy()
        policy.waits = try settings.durations(
            "WEIR_DELIVERY_RETRIES", default: policy.waits, in: .zero...DeliveryPolicy.waitMax,
            countMax: DeliveryPolicy.waitsMax)
        let parts = try ServiceParts(context, connections: 4)
        let outbound = try OutboundSettings.client(context)
        let poster = WebhookPoster(
            client: outbound, secrets: context.secrets, seal: try WebhookSecretSeal(settings),
            unopened: UnopenedSecrets(logger: context.logger), clock: context.clock, ids: context.ids, policy: policy,
            timeout: configuration.timeout,
            random: { Double.random(in: 0...1) })
        let service = DeliveryService(
            configuration: configuration, deliveries: DeliveryStore(pool: parts.pool), poster: poster,
            lease: parts.lease, bus: parts.bus, context: context)
        return [parts.keeper, OutboundKeeper(outbound), service]
    }
}
