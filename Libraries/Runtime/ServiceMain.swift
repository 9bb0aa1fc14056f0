import CoreMetrics
import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// The whole Main of a service: settings, log, metrics, health server, services, and a stop within bounded time.
///
/// ```swift
/// @main struct Main {
///     static func main() async {
///         let environment = ProcessInfo.processInfo.environment
///         exit(await ServiceMain.run("weir-executor", environment: environment) { context in
///             [try ExecutorService(context)]
///         })
///     }
/// }
/// ```
///
/// SIGTERM and SIGINT stop the services in reverse order. What has not ended after `WEIR_SHUTDOWN_TIMEOUT` is cancelled, and what
/// ignores that for five seconds more is left behind: the process exits all the same.
///
/// - Configuration keys:
///   - `WEIR_CONFIG` (path, optional): a file of `KEY=value` lines, read after the environment
///   - `WEIR_LOG_LEVEL` (trace … critical, default: info)
///   - `WEIR_LOG_FORMAT` (text or json, default: text)
///   - `WEIR_HEALTH_HOST` (address, default: 127.0.0.1) and `WEIR_HEALTH_PORT` (port, default: no health server; 0: any free port)
///   - `WEIR_SHUTDOWN_TIMEOUT` (duration, default: 20s)
public enum ServiceMain {
    /// Runs the services that `makeServices` returns until they are told to stop or one of them fails.
    ///
    /// - Parameters:
    ///   - name: the executable's name, as it stands in logs and errors.
    ///   - environment: the variables of the process; only a Main reads them.
    ///   - arguments: the command line; services take none but `--help` and `--version`.
    ///   - makeServices: makes the services in the order of their dependencies. What it throws is a failure to start.
    /// - Returns: the exit status: 0 after a clean stop, 1 after a failure, which one line on standard error explains, and 2 for
    ///   an argument that there is not.
    public static func run(
        _ name: String,
        environment: [String: String],
        arguments: [String] = CommandLine.arguments,
        makeServices: @Sendable (RuntimeContext) async throws -> [any Service]
    ) async -> Int32 {
        if let argument = arguments.dropFirst().first { return answer(argument, name: name) }
        // A peer that closes its end must be an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            let context = try makeContext(name, environment: environment)
            let shutdownTimeout = try context.configuration.duration(
                "WEIR_SHUTDOWN_TIMEOUT", default: .seconds(20), in: .milliseconds(100) ... .seconds(3_600))
            let healthServer = try makeHealthServer(context)
            let services = try await makeServices(context)
            context.logger.info("Starting.", metadata: ["version": "\(ServiceVersion.current)"])
            try await run(healthServer + services, context: context, shutdownTimeout: shutdownTimeout)
            context.logger.info("Stopped.")
            return 0
        } catch {
            StandardErrorOutput.write(failureLine(name, error))
            return 1
        }
    }

    /// Reads the settings and starts the log and the metrics of the process.
    private static func makeContext(_ name: String, environment: [String: String]) throws -> RuntimeContext {
        let configuration = try RuntimeConfiguration(environment: environment)
        let level = try configuration.choice("WEIR_LOG_LEVEL", default: LogLevelName.info)
        let format = try configuration.choice("WEIR_LOG_FORMAT", default: LogFormat.text)
        let loggerLevel = Logger.Level(rawValue: level.rawValue) ?? .info
        LoggingSystem.bootstrap(
            { _, provider in
                LineLogHandler(label: name, level: loggerLevel, format: format, metadataProvider: provider)
            },
            metadataProvider: nil
        )
        let metrics = PrometheusRegistry()
        MetricsSystem.bootstrap(metrics)
        ProcessMetrics.register(in: metrics, service: name, clock: .system)
        return RuntimeContext(
            name: name,
            configuration: configuration,
            logger: Logger(label: name),
            metrics: metrics,
            secrets: SecretResolver(environment: try RuntimeConfiguration.variables(environment))
        )
    }

    /// The health server, if the settings ask for one.
    private static func makeHealthServer(_ context: RuntimeContext) throws -> [any Service] {
        guard let port = try context.configuration.optionalInt("WEIR_HEALTH_PORT", in: 0...65_535) else { return [] }
        let host = context.configuration.string("WEIR_HEALTH_HOST", default: "127.0.0.1")
        return [
            HealthServer(
                host: host, port: port, health: context.health, metrics: context.metrics, logger: context.logger)
        ]
    }

    /// Runs the services until they stop, and gives up on those that do not.
    static func run(
        _ services: [any Service],
        context: RuntimeContext,
        shutdownTimeout: Duration,
        cancellationTimeout: Duration = .seconds(5)
    ) async throws {
        let outcome = FirstValue<Result<Void, any Error>>()
        let drainNotice = DrainNotice(health: context.health) {
            Task {
                try await Task.sleep(for: shutdownTimeout + cancellationTimeout)
                outcome.decide(.failure(ShutdownTimeoutError(timeout: shutdownTimeout)))
            }
        }
        var configuration = ServiceGroupConfiguration(
            services: services + [drainNotice],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: context.logger
        )
        configuration.maximumGracefulShutdownDuration = shutdownTimeout
        // The note ends when stopping begins, which is no reason to cancel the others.
        configuration.services[services.count].successTerminationBehavior = .ignore
        let group = ServiceGroup(configuration: configuration)
        Task {
            do {
                try await group.run()
                outcome.decide(.success(()))
            } catch {
                outcome.decide(.failure(error))
            }
        }
        try await outcome.value.get()
    }

    private static func answer(_ argument: String, name: String) -> Int32 {
        switch argument {
        case "--version":
            print("\(name) \(ServiceVersion.current)")
            return 0
        case "--help", "-h":
            print(
                """
                \(name) \(ServiceVersion.current), a service of Weir

                It takes no arguments: settings come from the environment (WEIR_*) and from the file named by
                WEIR_CONFIG. docs/configuration.md lists them. SIGTERM and SIGINT stop it cleanly.
                'weir up' starts all services with settings that fit each other.
                """)
            return 0
        default:
            StandardErrorOutput.write("\(name): unknown argument \(argument). Try '\(name) --help'.\n")
            return 2
        }
    }

    /// `weir-executor: WEIR_DATABASE_URL is not set. Set it …` on one line.
    static func failureLine(_ name: String, _ error: any Error) -> String {
        var line = "\(name): "
        LogText.appendEscaped("\(error)", to: &line)
        return line + "\n"
    }
}
