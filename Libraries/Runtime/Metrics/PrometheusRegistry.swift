import Synchronization

/// All metrics of one process, printed by `/metrics` in Prometheus' text format.
///
/// Make an instrument once and keep it: recording then touches nothing but its atomics. The number of families and of label sets
/// in each is bounded: label sets past the bound share one series whose label values are `other`, and
/// `weir_metrics_overflow_total` counts them, so that a careless label cannot eat the memory of a service.
public final class PrometheusRegistry: Sendable {
    /// The most label sets of one family unless told otherwise.
    public static let seriesPerFamilyMaxDefault = 1_000
    /// The most families of one registry unless told otherwise.
    public static let familiesMaxDefault = 500

    private let families = Mutex<[String: MetricFamily]>([:])
    private let seriesPerFamilyMax: Int
    private let familiesMax: Int
    private let overflow = PrometheusCounter()
    private let conflicts = PrometheusCounter()

    /// Creates an empty registry.
    public init(
        seriesPerFamilyMax: Int = PrometheusRegistry.seriesPerFamilyMaxDefault,
        familiesMax: Int = PrometheusRegistry.familiesMaxDefault
    ) {
        self.seriesPerFamilyMax = seriesPerFamilyMax
        self.familiesMax = familiesMax
        insertOwn(
            "weir_metrics_overflow_total", "Label sets that were merged into one because a family was full.", overflow)
        insertOwn(
            "weir_metrics_conflicts_total", "Instruments asked for under a name of another kind; not shown.", conflicts)
    }

    /// The counter of that name and those labels, made at the first call.
    public func counter(_ name: String, _ help: String, labels: [(String, String)] = []) -> PrometheusCounter {
        let made = series(name, help, labels, kind: .counter) { .counter(PrometheusCounter()) }
        guard case .counter(let counter) = made else { return PrometheusCounter() }
        return counter
    }

    /// The gauge of that name and those labels, made at the first call.
    public func gauge(_ name: String, _ help: String, labels: [(String, String)] = []) -> PrometheusGauge {
        let made = series(name, help, labels, kind: .gauge) { .gauge(PrometheusGauge()) }
        guard case .gauge(let gauge) = made else { return PrometheusGauge() }
        return gauge
    }

    /// A gauge that asks `value` whenever metrics are printed; the first closure for a name and labels stays.
    public func sampledGauge(
        _ name: String,
        _ help: String,
        labels: [(String, String)] = [],
        value: @escaping @Sendable () -> Double
    ) {
        _ = series(name, help, labels, kind: .gauge) { .sampled(value) }
    }

    /// Gauges whose label sets come and go: `values` is asked for all of them whenever metrics are printed. Those past the bound of a
    /// family are left out, and counted each time. The first closure for a name stays.
    public func sampledGauges(
        _ name: String,
        _ help: String,
        values: @escaping @Sendable () -> [PrometheusSample]
    ) {
        let (name, samplesMax, overflow) = (MetricText.name(name), seriesPerFamilyMax, overflow)
        let isNew = families.withLock { families in
            guard families[name] == nil, families.count < familiesMax else { return false }
            families[name] = MetricFamily(kind: .gauge, help: help) {
                let all = values()
                overflow.increment(by: Int64(all.count - samplesMax))
                return Array(all.prefix(samplesMax))
            }
            return true
        }
        if !isNew { conflicts.increment() }
    }

    /// A counter whose total is kept elsewhere and asked for whenever metrics are printed.
    public func sampledCounter(
        _ name: String,
        _ help: String,
        labels: [(String, String)] = [],
        value: @escaping @Sendable () -> Double
    ) {
        _ = series(name, help, labels, kind: .counter) { .sampled(value) }
    }

    /// The histogram of that name and those labels, made at the first call; all series of a name share the first one's buckets.
    public func histogram(
        _ name: String,
        _ help: String,
        labels: [(String, String)] = [],
        buckets: HistogramBuckets = .seconds
    ) -> PrometheusHistogram {
        let made = series(name, help, labels, kind: .histogram(buckets)) { family in
            guard case .histogram(let buckets) = family.kind else { return .histogram(PrometheusHistogram(buckets)) }
            return .histogram(PrometheusHistogram(buckets))
        }
        guard case .histogram(let histogram) = made else { return PrometheusHistogram(buckets) }
        return histogram
    }

    /// All metrics in Prometheus' text format, version 0.0.4, families sorted by name.
    public func exposition() -> String {
        let sorted = families.withLock { families in families.sorted { $0.key < $1.key } }
        var text = ""
        for (name, family) in sorted { family.write(name: name, to: &text) }
        return text
    }

    /// The values of some families at this moment, by series as ``exposition()`` prints them: `weir_rows{state="ready"}`. A histogram has its
    /// `_sum` and its `_count`, without buckets.
    public func values(of names: Set<String>) -> [(series: String, value: Double)] {
        families.withLock { families in families.filter { names.contains($0.key) } }
            .sorted { $0.key < $1.key }
            .flatMap { $0.value.values(name: $0.key) }
    }

    /// Finds or makes a series; nil when the name belongs to another kind or the registry is full.
    private func series(
        _ name: String,
        _ help: String,
        _ labels: [(String, String)],
        kind: MetricKind,
        make: (MetricFamily) -> MetricSeries
    ) -> MetricSeries? {
        let name = MetricText.name(name)
        let found = families.withLock { families -> MetricSeries? in
            guard families[name] != nil || families.count < familiesMax else { return nil }
            var family = families[name] ?? MetricFamily(kind: kind, help: help)
            guard family.kind.isSameType(as: kind) else { return nil }
            var key = MetricText.labels(labels)
            if family.series[key] == nil, family.series.count >= seriesPerFamilyMax {
                overflow.increment()
                key = MetricText.labels(labels.map { ($0.0, "other") })
            }
            if let series = family.series[key] { return series }
            let series = make(family)
            family.series[key] = series
            families[name] = family
            return series
        }
        if found == nil { conflicts.increment() }
        return found
    }

    private func series(
        _ name: String,
        _ help: String,
        _ labels: [(String, String)],
        kind: MetricKind,
        make: () -> MetricSeries
    ) -> MetricSeries? {
        series(name, help, labels, kind: kind) { _ in make() }
    }

    private func insertOwn(_ name: String, _ help: String, _ counter: PrometheusCounter) {
        families.withLock { $0[name] = MetricFamily(kind: .counter, help: help, series: ["": .counter(counter)]) }
    }
}
