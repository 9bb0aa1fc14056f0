import Assembly
import Contracts
import Hummingbird
import Logging
import Postgres
import Runtime
import ServiceLifecycle
import Store

extension IntakeService {
    /// Intake and all that it needs, in the order of their dependencies.
    ///
    /// - Configuration keys (besides those of `ServiceParts`):
    ///   - `WEIR_HTTP_HOST` (address, default: 127.0.0.1) and `WEIR_HTTP_PORT` (port, default: 8080; 0: any free port)
    ///   - `WEIR_OBJECTS_MAX` (int, default: 100000): objects of one request
    ///   - `WEIR_BODY_MAX` (size, default: 8MiB): the longest body of a request
    ///   - `WEIR_INTAKE_POLL` (duration, default: 2s): how often it looks for work that nothing announced
    ///   - `WEIR_PUBLIC_URL` and `WEIR_SIGNING_KEY` (optional): what links to large results and addresses for callbacks are made of; the key
    ///     seals the secrets of webhook endpoints, too
    ///   - `WEIR_DELIVERY_RETENTION` (duration, default: 720h): how long deliveries are kept, to say of others that they are gone
    public static func assemble(_ context: RuntimeContext) throws -> [any Service] {
        let settings = context.configuration
        var configuration = Configuration()
        configuration.pollInterval = try settings.duration(
            "WEIR_INTAKE_POLL", default: configuration.pollInterval, in: .milliseconds(50) ... .seconds(60))
        var bodyLimits = ActivityRequestBody.Limits()
        bodyLimits.objectsMax = try settings.int("WEIR_OBJECTS_MAX", default: bodyLimits.objectsMax, in: 1...10_000_000)
        var httpLimits = HTTPLimits()
        httpLimits.bodyBytesMax = try settings.bytes(
            "WEIR_BODY_MAX", default: httpLimits.bodyBytesMax, in: 1024...(1 << 30))

        if settings.signingKeyNeedsJSON {
            context.logger.warning(
                "As an old key, WEIR_SIGNING_KEY will have to be written in JSON: it has a comma, a [ in front, or blanks around it."
            )
        }
        let parts = try ServiceParts(context, connections: 8)
        let requests = RequestStore(pool: parts.pool)
        let keys = APIKeyStore(pool: parts.pool)
        let expanding = UnderWay<ActivityRequestID>()
        let metrics = IntakeMetrics(context.metrics) { expanding.count }
        let acceptor = RequestAcceptor(
            requests: requests, hints: parts.hints, ids: context.ids, limits: bodyLimits, metrics: metrics)
        let workflows = WorkflowAcceptor(
            workflows: WorkflowStore(pool: parts.pool), hints: parts.hints, ids: context.ids, limits: bodyLimits,
            metrics: metrics, logger: context.logger)
        let listener = try PostgresListener(
            configuration: parts.sessions, channels: ["weir_activity_request", "weir_workflow_request"],
            logger: context.logger)
        let service = IntakeService(
            configuration: configuration,
            expander: RequestExpander(
                requests: requests, lease: parts.lease, hints: parts.hints, ids: context.ids, limits: bodyLimits,
                metrics: metrics),
            commands: CommandReceiver(
                acceptor: acceptor, workflows: workflows, keys: keys, messages: MessageStore(pool: parts.pool),
                logger: context.logger),
            workflows: workflows, requests: requests, lease: parts.lease, bus: parts.bus, listener: listener,
            expanding: expanding, logger: context.logger)
        let access = ClientAccess(keys: keys, limits: httpLimits)
        let routes = RequestRoutes(
            acceptor: acceptor, requests: requests, runs: RunStore(pool: parts.pool),
            sources: SourceStore(pool: parts.pool), quality: QualityStore(pool: parts.pool), hints: parts.hints,
            access: access, links: try ResultLinks(settings), clock: context.clock,
            logger: context.logger)
        let endpoints = EndpointRoutes(
            endpoints: EndpointStore(pool: parts.pool), access: access, seal: try WebhookSecretSeal(settings),
            retention: try settings.deliveryRetention, hints: parts.hints, ids: context.ids, clock: context.clock)
        let callbacks = CallbackRoutes(
            jobs: JobStore(pool: parts.pool), links: try CallbackLinks(settings), hints: parts.hints,
            clock: context.clock)
        return [
            parts.keeper, service,
            try httpServer(limits: httpLimits, context: context) { router in
                routes.add(to: router)
                WorkflowRoutes(requests: routes, acceptor: workflows, workflows: workflows.workflows).add(to: router)
                endpoints.add(to: router)
                callbacks.add(to: router)
            },
        ]
    }

    private static func httpServer(
        limits: HTTPLimits, context: RuntimeContext, routes: (Router<BasicRequestContext>) -> Void
    ) throws -> any Service {
        let settings = context.configuration
        let router = Router()
        router.add(middleware: HTTPMetrics<BasicRequestContext>(context.metrics))
        router.add(middleware: ProblemMiddleware<BasicRequestContext>(limits: limits))
        router.get("healthz") { _, _ in "ok\n" }
        routes(router)
        let logger = context.logger
        return Application(
            router: router,
            configuration: .init(
                address: .hostname(
                    settings.string("WEIR_HTTP_HOST", default: "127.0.0.1"),
                    port: try settings.int("WEIR_HTTP_PORT", default: 8080, in: 0...65_535)),
                serverName: "weir"),
            onServerRunning: { channel in
                logger.info(
                    "The HTTP interface is open.", metadata: ["port": "\(channel.localAddress?.port ?? 0)"])
            },
            logger: logger)
    }
}
