import Contracts
import Messaging
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Makes the reports of this process for observers of the bus.
public struct ServiceReporter: Sendable {
    /// Who reports.
    public let instance: ServiceInstance
    /// How often.
    public let interval: Duration
    private let metrics: PrometheusRegistry
    private let ids: IDGenerator
    private let clock: WallClock
    private let start = ContinuousClock.now

    /// A reporter on the metrics of this process; nil when the settings want none.
    ///
    /// - Configuration keys:
    ///   - `WEIR_REPORT` (duration, default: 1s): how often it reports; 0s for never
    public init?(_ context: RuntimeContext) throws {
        interval = try context.configuration.duration(
            "WEIR_REPORT", default: .seconds(1), in: .zero ... .seconds(60))
        guard interval > .zero else { return nil }
        instance = ServiceInstance(
            service: context.name, host: ProcessInfo.processInfo.hostName,
            processID: ProcessInfo.processInfo.processIdentifier)
        metrics = context.metrics
        ids = context.ids
        clock = context.clock
    }

    /// Reports until the task is cancelled.
    public func report(over bus: BusClient) async {
        // Not a poll: the pause is how often people see new numbers.
        while (try? await Task.sleep(for: interval)) != nil {
            bus.report(topic: Topic.serviceReported, key: instance.source, body: event())
        }
    }

    /// How this process is doing now, as a CloudEvent.
    public func event() -> [UInt8] {
        let uptime = start.duration(to: .now)
        let report = ServiceReport(
            service: instance.service, host: instance.host, processID: Int(instance.processID),
            version: ServiceVersion.current, uptimeSeconds: uptime / .seconds(1),
            metrics: Dictionary(
                metrics.values(of: ReportedMetric.names).map { ($0.series, $0.value) },
                uniquingKeysWith: { first, _ in first }))
        return CloudEvent(
            id: ids.next().uuidString.lowercased(), source: instance.source, type: Topic.serviceReported,
            time: Timestamp.rfc3339(nanosecondsSinceEpoch: clock.nanosecondsSinceEpoch()), subject: instance.source,
            data: report.encoded()
        ).encoded()
    }
}
