import JSON

/// How one process of a service is doing, as it tells observers of the bus about once a second: the data of ``Topic/serviceReported``.
public struct ServiceReport: Sendable, Equatable {
    /// The executable, e.g. `weir-executor`.
    public var service: String
    /// Its machine or container.
    public var host: String
    /// Its process id; in a container often 1.
    public var processID: Int
    /// The version of Weir.
    public var version: String
    /// For how long it has run. Counters count from its start, and rates are taken by this clock.
    public var uptimeSeconds: Double
    /// Some of its metrics (``ReportedMetric``), by series as `/metrics` prints them: `weir_delivery_attempts_total{outcome="2xx"}`.
    public var metrics: [String: Double]

    /// A report of its parts.
    public init(
        service: String, host: String, processID: Int, version: String, uptimeSeconds: Double,
        metrics: [String: Double]
    ) {
        self.service = service
        self.host = host
        self.processID = processID
        self.version = version
        self.uptimeSeconds = uptimeSeconds
        self.metrics = metrics
    }

    /// As the JSON object that travels.
    public func encoded() -> [UInt8] {
        var writer = JSONWriter(capacity: 4_096)
        writer.beginObject()
        writer.key("service")
        writer.string(service)
        writer.key("host")
        writer.string(host)
        writer.key("process")
        writer.int(processID)
        writer.key("version")
        writer.string(version)
        writer.key("uptime_seconds")
        writer.raw(Array(Self.number(uptimeSeconds).utf8))
        writer.key("metrics")
        writer.beginObject()
        // JSON has no number for what cannot be measured.
        for (series, value) in metrics.sorted(by: { $0.key < $1.key }) where value.isFinite {
            writer.key(series)
            writer.raw(Array(Self.number(value).utf8))
        }
        writer.endObject()
        writer.endObject()
        return writer.take()
    }

    /// Reads a report; nil when it is none. What is not known here is passed over, so that versions may differ.
    public init?(_ json: JSONValue) {
        guard let service = json["service"]?.stringValue, let host = json["host"]?.stringValue,
            let process = json["process"]?.intValue, let version = json["version"]?.stringValue,
            let uptime = json["uptime_seconds"]?.doubleValue, (0...Self.numberMax).contains(uptime),
            let metrics = json["metrics"]?.objectValue
        else { return nil }
        self.init(
            service: service, host: host, processID: process, version: version, uptimeSeconds: uptime,
            metrics: Dictionary(
                metrics.compactMap { member in
                    // No metric is that large; whoever reads it may make a whole number of it.
                    member.value.doubleValue.flatMap { abs($0) <= Self.numberMax ? (member.key, $0) : nil }
                },
                uniquingKeysWith: { first, _ in first }))
    }

    private static let numberMax = 1e15

    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map { String($0) } ?? value.description
    }
}
