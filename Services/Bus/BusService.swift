import Contracts
import Logging
import Messaging
import Reporting
import Runtime
import ServiceLifecycle

/// The broker as a service: bound as the settings say, counted, stopped cleanly.
public struct BusService: Service {
    private let broker: BusBroker

    /// A service around a broker.
    init(broker: BusBroker) {
        self.broker = broker
    }

    /// Brokers until it is told to stop.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            try await broker.run()
        } onGracefulShutdown: {
            broker.stop()
        }
    }
}

extension BusService {
    /// A broker and all that it needs.
    ///
    /// - Configuration keys:
    ///   - `WEIR_BUS_ENDPOINTS` (required): where to bind; the first one, when several are named
    ///   - `WEIR_BUS_EVENTS` (optional): where to bind the observers' feed
    ///   - `WEIR_BUS_KEYS` (directory, optional): CURVE keys made by `weir keys`; without them only loopback and ipc are bound
    ///   - `WEIR_BUS_QUEUE` (int, default: 100000): messages that may wait on one topic
    ///   - those of `ServiceReporter`
    public static func assemble(_ context: RuntimeContext) throws -> [any Service] {
        let settings = context.configuration
        guard let endpoint = settings.list("WEIR_BUS_ENDPOINTS").first else {
            throw ConfigurationError.missing(
                "WEIR_BUS_ENDPOINTS", remedy: "Set it to where the bus shall bind, such as tcp://127.0.0.1:7401")
        }
        var configuration = BusBrokerConfiguration(endpoint: endpoint)
        configuration.eventsEndpoint = settings.string("WEIR_BUS_EVENTS")
        configuration.curve = try settings.string("WEIR_BUS_KEYS").map { try KeyDirectory(path: $0).serverKeys() }
        configuration.queueMessagesMax = try settings.int("WEIR_BUS_QUEUE", default: 100_000, in: 1...10_000_000)
        configuration.countedTopics = Contracts.Topic.all
        configuration.report = try ServiceReporter(context).map { reporter in
            BusReport(
                topic: Contracts.Topic.serviceReported, key: reporter.instance.source, interval: reporter.interval,
                body: { reporter.event() })
        }
        let broker = try BusBroker(configuration: configuration, logger: context.logger)
        context.logger.info(
            "The bus is bound.",
            metadata: ["address": "\(broker.endpoint)", "feed": "\(broker.eventsEndpoint ?? "-")"])
        expose(broker, in: context.metrics)
        return [BusService(broker: broker)]
    }

    private static func expose(_ broker: BusBroker, in metrics: PrometheusRegistry) {
        let counters: [(String, String, @Sendable (BusBrokerStatistics) -> Int)] = [
            ("weir_bus_received_total", "Messages received from publishers.", { $0.received }),
            ("weir_bus_delivered_total", "Messages handed to consumers.", { $0.delivered }),
            ("weir_bus_merged_total", "Hints merged with one that waited.", { $0.merged }),
            ("weir_bus_dropped_total", "Hints dropped because a queue was full.", { $0.dropped }),
            ("weir_bus_overloaded_total", "Commands refused because a queue was full.", { $0.overloaded }),
            ("weir_bus_malformed_total", "Messages that could not be read.", { $0.malformed }),
            ("weir_bus_keys_refused_total", "Connections refused for an unknown key.", { $0.keysRefused }),
        ]
        for (name, help, read) in counters {
            metrics.sampledCounter(name, help) { Double(read(broker.statistics)) }
        }
        let gauges: [(String, String, @Sendable (BusBrokerStatistics) -> Int)] = [
            ("weir_bus_consumers", "Consumers that are connected.", { $0.consumers }),
            ("weir_bus_credit", "Messages that consumers are ready to take.", { $0.credit }),
        ]
        for (name, help, read) in gauges {
            metrics.sampledGauge(name, help) { Double(read(broker.statistics)) }
        }
        metrics.sampledGauges("weir_bus_waiting", "Messages that wait for a consumer, by topic.") {
            var waiting = Dictionary(uniqueKeysWithValues: (Contracts.Topic.all + [TopicLedger.other]).map { ($0, 0) })
            for (topic, count) in broker.statistics.waiting {
                waiting[waiting[topic] == nil ? TopicLedger.other : topic, default: 0] += count
            }
            return waiting.sorted { $0.key < $1.key }.map { topic, count in
                PrometheusSample(Double(count), labels: [("topic", topic)])
            }
        }
        let outcomes: [(String, @Sendable (BusTopicStatistics) -> Int)] = [
            ("received", { $0.received }), ("delivered", { $0.delivered }), ("merged", { $0.merged }),
            ("dropped", { $0.dropped }), ("refused", { $0.refused }),
        ]
        for topic in Contracts.Topic.all + [TopicLedger.other] {
            for (outcome, read) in outcomes {
                metrics.sampledCounter(
                    "weir_bus_messages_total", "Messages by topic and by what has become of them.",
                    labels: [("topic", topic), ("outcome", outcome)]
                ) { Double(broker.topicStatistics[topic].map(read) ?? 0) }
            }
        }
    }
}
