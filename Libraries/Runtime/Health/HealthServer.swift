import Hummingbird
import Logging
import ServiceLifecycle

/// The small HTTP server of every process: `/healthz` (it lives), `/readyz` (give it work), `/metrics` (Prometheus).
///
/// It holds no data of a tenant and asks for no key, so it listens on loopback unless `WEIR_HEALTH_HOST` says otherwise.
public struct HealthServer: Service {
    private let host: String
    private let port: Int
    private let health: HealthRegistry
    private let metrics: PrometheusRegistry
    private let logger: Logger
    private let onListening: @Sendable (Int) -> Void

    /// Creates a server; port 0 takes any free one.
    ///
    /// - Parameter onListening: told the port once the server listens.
    public init(
        host: String = "127.0.0.1",
        port: Int,
        health: HealthRegistry,
        metrics: PrometheusRegistry,
        logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.health = health
        self.metrics = metrics
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until the group shuts down.
    ///
    /// - Throws: ``ConfigurationError`` when the address cannot be listened on.
    public func run() async throws {
        // The server's own lines (one per start and stop) say nothing that ours does not.
        var serverLogger = logger
        serverLogger.logLevel = max(logger.logLevel, .warning)
        let (logger, host, onListening) = (logger, host, onListening)
        let application = Application(
            router: makeRouter(),
            configuration: .init(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                logger.info("Health server listens.", metadata: ["host": "\(host)", "port": "\(port)"])
                onListening(port)
            },
            logger: serverLogger
        )
        do {
            try await application.run()
        } catch {
            throw ConfigurationError(
                setting: "WEIR_HEALTH_PORT",
                problem: "is \(port), but \(host):\(port) cannot be listened on (\(error))",
                remedy:
                    "Set WEIR_HEALTH_PORT to a free port (0 for any), or WEIR_HEALTH_HOST to an address of this machine"
            )
        }
    }

    private func makeRouter() -> Router<BasicRequestContext> {
        let (health, metrics) = (health, metrics)
        let router = Router()
        router.get("healthz") { _, _ in Self.response(.ok, "ok\n", type: "text/plain; charset=utf-8") }
        router.get("readyz") { _, _ in
            let report = await health.report()
            return Self.response(report.isReady ? .ok : .serviceUnavailable, report.json(), type: "application/json")
        }
        router.get("metrics") { _, _ in
            Self.response(.ok, metrics.exposition(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        return router
    }

    private static func response(_ status: HTTPResponse.Status, _ body: String, type: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: body))
        )
    }
}
