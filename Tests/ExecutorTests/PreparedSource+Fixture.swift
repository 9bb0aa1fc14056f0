import Exchanges
import Logging
import Outbound
import Postgres
import Runtime
import Sources

@testable import Executor
@testable import Store

extension PreparedSource {
    private static let outbound = Result {
        try OutboundClient(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// A source that is never called.
    static func fixture(_ ready: ReadySource, setup: JSONB = JSONB("{}")) throws -> PreparedSource {
        try PreparedSource(
            SourceRecord(
                org: ready.org, orgKey: "acme", id: ready.source, key: "api", version: 1,
                templates: [.run: JSONB(#"{"url":"http://127.0.0.1/"}"#)], runsPerExchange: 1, setup: setup,
                objectPath: nil, objectPathType: "key", datapoints: []),
            outbound: outbound.get(), secrets: SecretResolver(environment: [:]), clock: .system,
            tokens: InMemoryTokenStore(), metrics: CallMetrics(PrometheusRegistry()))
    }
}
