import Contracts
import Messaging
import Reporting
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Says hints: puts each into a CloudEvent for observers and publishes it under its topic and key.
///
/// Nobody acts on the body (docs/messages.md), and hints that wait together are one, so a lost body loses nothing.
public struct HintPublisher: Sendable {
    private let bus: BusClient
    private let source: String
    private let ids: IDGenerator
    private let clock: WallClock
    private let metrics: HintMetrics

    /// A publisher of one process.
    ///
    /// - Parameters:
    ///   - service: the name of the executable, e.g. `weir-executor`.
    ///   - host: the machine's name.
    ///   - processID: tells several processes of one service on a machine apart.
    public init(
        bus: BusClient, service: String, host: String, processID: Int32, ids: IDGenerator, clock: WallClock,
        metrics: PrometheusRegistry = PrometheusRegistry()
    ) {
        self.bus = bus
        self.ids = ids
        self.clock = clock
        self.metrics = HintMetrics(metrics)
        source = ServiceInstance(service: service, host: host, processID: processID).source
    }

    /// Says a hint. It never blocks, and a hint that is refused or lost is said again by the scheduler.
    public func say(_ hint: Hint) {
        let id = ids.next()
        let event = CloudEvent(
            id: id.uuidString.lowercased(), source: source, type: hint.topic,
            time: Timestamp.rfc3339(nanosecondsSinceEpoch: clock.nanosecondsSinceEpoch()), subject: hint.key,
            orgID: hint.org?.description, traceparent: hint.trace?.child(id).traceparent)
        metrics.count(bus.publish(topic: hint.topic, key: hint.key, body: event.encoded()), of: hint.topic)
    }
}
