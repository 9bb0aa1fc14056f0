import CoreMetrics

/// Libraries that record through swift-metrics (`Counter(label:)`, `Timer(label:)`, …) end up in the same registry.
///
/// Timers are histograms in seconds, aggregating recorders are histograms, other recorders and meters are gauges. Their series
/// stay for the life of the process: `destroy` forgets nothing, since a Prometheus counter that vanishes reads as a restart.
extension PrometheusRegistry: MetricsFactory {
    /// A counter of whole numbers.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        CounterFace(counter: counter(label, "", labels: dimensions))
    }

    /// A histogram for an aggregating recorder, else a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return GaugeFace(gauge: gauge(label, "", labels: dimensions)) }
        return HistogramFace(histogram: histogram(label, "", labels: dimensions, buckets: .batchSizes))
    }

    /// A gauge.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        GaugeFace(gauge: gauge(label, "", labels: dimensions))
    }

    /// A histogram in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        TimerFace(histogram: histogram(label, "", labels: dimensions))
    }

    /// Keeps the series.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Keeps the series.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Keeps the series.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Keeps the series.
    public func destroyTimer(_ handler: any TimerHandler) {}
}

private final class CounterFace: CounterHandler {
    let counter: PrometheusCounter
    init(counter: PrometheusCounter) { self.counter = counter }
    func increment(by amount: Int64) { counter.increment(by: amount) }
    func reset() { counter.reset() }
}

private final class GaugeFace: MeterHandler, RecorderHandler {
    let gauge: PrometheusGauge
    init(gauge: PrometheusGauge) { self.gauge = gauge }
    func set(_ value: Int64) { gauge.set(Double(value)) }
    func set(_ value: Double) { gauge.set(value) }
    func increment(by amount: Double) { gauge.add(amount) }
    func decrement(by amount: Double) { gauge.add(-amount) }
    func record(_ value: Int64) { gauge.set(Double(value)) }
    func record(_ value: Double) { gauge.set(value) }
}

private final class HistogramFace: RecorderHandler {
    let histogram: PrometheusHistogram
    init(histogram: PrometheusHistogram) { self.histogram = histogram }
    func record(_ value: Int64) { histogram.record(Double(value)) }
    func record(_ value: Double) { histogram.record(value) }
}

private final class TimerFace: TimerHandler {
    let histogram: PrometheusHistogram
    init(histogram: PrometheusHistogram) { self.histogram = histogram }
    func recordNanoseconds(_ duration: Int64) { histogram.record(Double(duration) * 1e-9) }
}
