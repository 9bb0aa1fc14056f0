import Logging

/// What a service is handed at its start: settings, log, health, metrics, secrets, ids and the wall clock.
///
/// Nothing in it is global, so that a test builds the same service with values of its own.
public struct RuntimeContext: Sendable {
    /// The name of the executable, e.g. `weir-executor`.
    public let name: String
    /// The settings, by the names of their environment variables.
    public let configuration: RuntimeConfiguration
    /// The service's logger, labelled with its name.
    public let logger: Logger
    /// Where a service registers the checks that `/readyz` runs.
    public let health: HealthRegistry
    /// Where a service makes its counters, gauges and histograms; `/metrics` prints them.
    public let metrics: PrometheusRegistry
    /// The values behind `<<$secret.NAME>>`.
    public let secrets: SecretResolver
    /// Makes the UUIDv7 of rows and messages.
    public let ids: IDGenerator
    /// The wall clock, for instants that leave the process.
    public let clock: WallClock

    /// Creates a context from its parts.
    public init(
        name: String,
        configuration: RuntimeConfiguration,
        logger: Logger,
        health: HealthRegistry = HealthRegistry(),
        metrics: PrometheusRegistry = PrometheusRegistry(),
        secrets: SecretResolver,
        ids: IDGenerator = IDGenerator(),
        clock: WallClock = .system
    ) {
        self.name = name
        self.configuration = configuration
        self.logger = logger
        self.health = health
        self.metrics = metrics
        self.secrets = secrets
        self.ids = ids
        self.clock = clock
    }

    /// Creates a context from an environment, with everything else at its default; this is what tests use.
    ///
    /// - Throws: ``ConfigurationError`` when the file named by `WEIR_CONFIG` cannot be used.
    public init(name: String, environment: [String: String], logger: Logger) throws {
        self.init(
            name: name,
            configuration: try RuntimeConfiguration(environment: environment),
            logger: logger,
            secrets: SecretResolver(environment: try RuntimeConfiguration.variables(environment))
        )
    }
}
