/// What a family of metrics measures.
enum MetricKind: Sendable {
    case counter
    case gauge
    case histogram(HistogramBuckets)

    /// The word in the `# TYPE` line.
    var typeName: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    func isSameType(as other: MetricKind) -> Bool { typeName == other.typeName }
}

/// One metric with one set of labels.
enum MetricSeries: Sendable {
    case counter(PrometheusCounter)
    case gauge(PrometheusGauge)
    case sampled(@Sendable () -> Double)
    case histogram(PrometheusHistogram)
}

/// The value of a series at one moment.
public struct PrometheusSample: Sendable {
    /// What tells the series from others of its name.
    public let labels: [(String, String)]
    /// The value.
    public let value: Double

    /// A value under labels.
    public init(_ value: Double, labels: [(String, String)] = []) {
        self.labels = labels
        self.value = value
    }
}

/// All metrics of one name. The series' keys are their labels as they are printed, without braces.
struct MetricFamily: Sendable {
    let kind: MetricKind
    let help: String
    var series: [String: MetricSeries] = [:]
    /// Series that come and go, asked for whenever the family is written.
    var sampler: (@Sendable () -> [PrometheusSample])?

    /// Writes the family in the text format, series sorted by their labels.
    func write(name: String, to text: inout String) {
        if !help.isEmpty { text += "# HELP \(name) \(MetricText.escapedHelp(help))\n" }
        text += "# TYPE \(name) \(kind.typeName)\n"
        for sample in sampler?() ?? [] {
            let labels = MetricText.labels(sample.labels)
            text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(MetricText.number(sample.value))\n"
        }
        for (labels, series) in series.sorted(by: { $0.key < $1.key }) {
            let braced = labels.isEmpty ? "" : "{\(labels)}"
            switch series {
            case .counter(let counter): text += "\(name)\(braced) \(counter.value)\n"
            case .gauge(let gauge): text += "\(name)\(braced) \(MetricText.number(gauge.value))\n"
            case .sampled(let value): text += "\(name)\(braced) \(MetricText.number(value()))\n"
            case .histogram(let histogram): Self.write(histogram, name: name, labels: labels, to: &text)
            }
        }
    }

    /// The series with their values; of a histogram its sum and its count.
    func values(name: String) -> [(series: String, value: Double)] {
        func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }
        var values = (sampler?() ?? []).map { ("\(name)\(braced(MetricText.labels($0.labels)))", $0.value) }
        for (labels, series) in series.sorted(by: { $0.key < $1.key }) {
            switch series {
            case .counter(let counter): values.append(("\(name)\(braced(labels))", Double(counter.value)))
            case .gauge(let gauge): values.append(("\(name)\(braced(labels))", gauge.value))
            case .sampled(let value): values.append(("\(name)\(braced(labels))", value()))
            case .histogram(let histogram):
                let (cumulative, sum) = histogram.snapshot()
                values.append(("\(name)_sum\(braced(labels))", sum))
                values.append(("\(name)_count\(braced(labels))", Double(cumulative[cumulative.count - 1])))
            }
        }
        return values
    }

    private static func write(_ histogram: PrometheusHistogram, name: String, labels: String, to text: inout String) {
        let (cumulative, sum) = histogram.snapshot()
        let prefix = labels.isEmpty ? "" : "\(labels),"
        let braced = labels.isEmpty ? "" : "{\(labels)}"
        for (index, count) in cumulative.enumerated() {
            let isLast = index == histogram.buckets.bounds.count
            let bound = isLast ? "+Inf" : MetricText.number(histogram.buckets.bounds[index])
            text += "\(name)_bucket{\(prefix)le=\"\(bound)\"} \(count)\n"
        }
        text += "\(name)_sum\(braced) \(MetricText.number(sum))\n"
        text += "\(name)_count\(braced) \(cumulative[cumulative.count - 1])\n"
    }
}
