import Answers
import Assembly
import Contracts
import Runtime
import ServiceLifecycle
import Store

extension ProcessorService {
    /// A processor and all that it needs, in the order of their dependencies.
    ///
    /// - Configuration keys (besides those of `ServiceParts`):
    ///   - `WEIR_PROCESSOR_CONCURRENCY` (int, default: 2): batches of answers mapped at once
    ///   - `WEIR_PROCESSOR_POLL` (duration, default: 2s): how often it looks for work that no hint announced
    ///   - `WEIR_PUBLIC_URL` and `WEIR_SIGNING_KEY` (optional): what links to large results are made of
    public static func assemble(_ context: RuntimeContext) throws -> [any Service] {
        let settings = context.configuration
        var configuration = Configuration()
        configuration.concurrency = try settings.int(
            "WEIR_PROCESSOR_CONCURRENCY", default: configuration.concurrency, in: 1...64)
        configuration.pollInterval = try settings.duration(
            "WEIR_PROCESSOR_POLL", default: configuration.pollInterval, in: .milliseconds(50) ... .seconds(60))
        let parts = try ServiceParts(
            // Mappings are read while every batch under way holds a connection.
            context, connections: configuration.concurrency + configuration.collectors + 3,
            connectionsMin: configuration.concurrency + 3,
            idleInTransaction: .seconds(30))
        let results = ResultStore(pool: parts.pool)
        let collecting = UnderWay<ActivityRequestID>()
        let metrics = ProcessorMetrics(context.metrics) { collecting.count }
        let answers = AnswerProcessor(
            runs: RunStore(pool: parts.pool),
            mapper: AnswerMapper(mappings: MappingCache(store: SourceStore(pool: parts.pool))),
            runsMax: configuration.runsMax, bytesMax: configuration.bytesMax, metrics: metrics, logger: context.logger)
        let collector = ResultCollector(
            results: results, metrics: metrics, clock: context.clock, links: try ResultLinks(settings),
            chunkObjects: 500, chunkBytes: 4 << 20, chunksAtOnce: 4)
        let service = ProcessorService(
            configuration: configuration, answers: answers, collector: collector, results: results,
            workflows: WorkflowAdvancer(
                workflows: WorkflowStore(pool: parts.pool), hints: parts.hints, metrics: metrics, clock: context.clock,
                links: try ResultLinks(settings)),
            requests: RequestStore(pool: parts.pool), lease: parts.lease, bus: parts.bus, hints: parts.hints,
            collecting: collecting, metrics: metrics, logger: context.logger)
        return [parts.keeper, service]
    }
}
