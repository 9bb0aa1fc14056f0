import CoreMetrics
import Synchronization
import Testing

@testable import Runtime

@Suite("Prometheus registry")
struct PrometheusRegistryTests {
    private func lines(_ registry: PrometheusRegistry, of name: String) -> [String] {
        registry.exposition().split(separator: "\n").map(String.init).filter { $0.contains(name) }
    }

    @Test func familyHasItsHelpItsTypeAndItsSeriesInOrder() {
        let registry = PrometheusRegistry()
        registry.counter("weir_runs_total", "Runs, by\noutcome \\.", labels: [("outcome", "failed")]).increment(by: 2)
        registry.counter("weir_runs_total", "ignored", labels: [("outcome", "done")]).increment()
        #expect(
            lines(registry, of: "weir_runs_total") == [
                "# HELP weir_runs_total Runs, by\\noutcome \\\\.",
                "# TYPE weir_runs_total counter",
                "weir_runs_total{outcome=\"done\"} 1",
                "weir_runs_total{outcome=\"failed\"} 2",
            ])
    }

    @Test func labelValuesAreEscapedAndLabelNamesPutRight() {
        let registry = PrometheusRegistry()
        registry.gauge("weir.x", "", labels: [("a-b", "q\"\\\n"), ("1st", "é")]).set(1.5)
        #expect(lines(registry, of: "weir_x{") == ["weir_x{_1st=\"é\",a_b=\"q\\\"\\\\\\n\"} 1.5"])
    }

    @Test func sameNameAndLabelsInAnyOrderAreTheSameSeries() {
        let registry = PrometheusRegistry()
        registry.counter("c", "", labels: [("a", "1"), ("b", "2")]).increment()
        registry.counter("c", "", labels: [("b", "2"), ("a", "1")]).increment()
        #expect(lines(registry, of: "c{") == ["c{a=\"1\",b=\"2\"} 2"])
    }

    @Test func histogramIsCumulativeAndEndsWithInfinity() {
        let registry = PrometheusRegistry()
        let histogram = registry.histogram(
            "h", "", labels: [("s", "x")], buckets: HistogramBuckets([1, 0.1, 1, .infinity]))
        for value in [0.1, 0.5, 1, 7, .nan] { histogram.record(value) }
        histogram.record(.milliseconds(50))
        #expect(
            lines(registry, of: "h_bucket") == [
                "h_bucket{s=\"x\",le=\"0.1\"} 2", "h_bucket{s=\"x\",le=\"1\"} 4", "h_bucket{s=\"x\",le=\"+Inf\"} 5",
            ])
        #expect(lines(registry, of: "h_count") == ["h_count{s=\"x\"} 5"])
    }

    @Test func histogramTakesCountsThatWereMadeElsewhere() {
        let registry = PrometheusRegistry()
        let histogram = registry.histogram("h", "", buckets: HistogramBuckets([1, 10]))
        histogram.record(0.5)
        histogram.add(counts: [2, 3, 4, 99], sum: 100)
        #expect(
            lines(registry, of: "h_") == [
                "h_bucket{le=\"1\"} 3", "h_bucket{le=\"10\"} 6", "h_bucket{le=\"+Inf\"} 10", "h_sum 100.5",
                "h_count 10",
            ])
    }

    @Test func valuesAreThoseOfTheSeriesAsked() {
        let registry = PrometheusRegistry()
        registry.counter("c", "", labels: [("b", "2"), ("a", "1")]).increment(by: 3)
        registry.sampledGauges("g", "") { [PrometheusSample(0.5, labels: [("of", "x")])] }
        registry.sampledGauge("s", "") { 7 }
        registry.histogram("h", "", buckets: HistogramBuckets([1])).record(2.5)
        registry.gauge("unasked", "").set(1)
        let values = registry.values(of: ["c", "g", "s", "h", "missing"])
        #expect(values.map(\.series) == [#"c{a="1",b="2"}"#, #"g{of="x"}"#, "h_sum", "h_count", "s"])
        #expect(values.map(\.value) == [3, 0.5, 2.5, 1, 7])
    }

    @Test func sampledSeriesComeAndGo() {
        let registry = PrometheusRegistry(seriesPerFamilyMax: 2)
        let seen = Mutex(["b": 2.0, "a": 1.0])
        registry.sampledGauges("seen", "Help.") {
            seen.withLock { $0.sorted { $0.key < $1.key } }.map { PrometheusSample($0.value, labels: [("of", $0.key)]) }
        }
        #expect(
            lines(registry, of: "seen") == [
                "# HELP seen Help.", "# TYPE seen gauge", "seen{of=\"a\"} 1", "seen{of=\"b\"} 2",
            ])
        seen.withLock { $0 = ["c": 3, "d": 4, "e": 5] }
        #expect(lines(registry, of: "seen{") == ["seen{of=\"c\"} 3", "seen{of=\"d\"} 4"])
        // Once for each time that they are printed: this is the second since they are too many.
        #expect(lines(registry, of: "weir_metrics_overflow_total").last == "weir_metrics_overflow_total 2")
        registry.sampledGauges("seen", "") { [PrometheusSample(9)] }
        #expect(lines(registry, of: "weir_metrics_conflicts_total").last == "weir_metrics_conflicts_total 1")
    }

    @Test func infinitiesAndNaNAreSpelledAsTheFormatWants() {
        #expect(MetricText.number(.infinity) == "+Inf")
        #expect(MetricText.number(-.infinity) == "-Inf")
        #expect(MetricText.number(.nan) == "NaN")
        #expect(MetricText.number(3) == "3")
        #expect(MetricText.number(0.25) == "0.25")
    }

    @Test func labelSetsPastTheBoundShareOneSeries() {
        let registry = PrometheusRegistry(seriesPerFamilyMax: 3)
        for index in 0..<100 { registry.counter("c", "", labels: [("id", String(index))]).increment() }
        #expect(lines(registry, of: "c{").count == 4)
        #expect(lines(registry, of: "c{id=\"other\"}") == ["c{id=\"other\"} 97"])
        #expect(lines(registry, of: "weir_metrics_overflow_total").last == "weir_metrics_overflow_total 97")
    }

    @Test func nameOfAnotherKindIsCountedAndNotShown() {
        let registry = PrometheusRegistry()
        registry.counter("c", "").increment()
        registry.gauge("c", "").set(9)
        #expect(lines(registry, of: "c ").filter { $0.hasPrefix("c ") } == ["c 1"])
        #expect(lines(registry, of: "weir_metrics_conflicts_total").last == "weir_metrics_conflicts_total 1")
    }

    @Test func familiesPastTheBoundAreNotShown() {
        let registry = PrometheusRegistry(familiesMax: 4)
        for index in 0..<10 { registry.counter("c\(index)", "").increment() }
        #expect(lines(registry, of: "# TYPE c").count == 2)
    }

    @Test func sampledGaugeAsksWhenPrinted() {
        let registry = PrometheusRegistry()
        registry.sampledGauge("depth", "") { 12 }
        #expect(lines(registry, of: "depth ").last == "depth 12")
    }

    @Test func counterNeverGoesDown() {
        let registry = PrometheusRegistry()
        let counter = registry.counter("c", "")
        counter.increment(by: 5)
        counter.increment(by: -3)
        #expect(counter.value == 5)
    }

    @Test func recordingFromManyTasksLosesNothing() async {
        let registry = PrometheusRegistry()
        let counter = registry.counter("c", "")
        let histogram = registry.histogram("h", "", buckets: .batchSizes)
        let gauge = registry.gauge("g", "")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.increment()
                        histogram.record(3)
                        gauge.add(0.5)
                    }
                }
            }
        }
        #expect(counter.value == 80_000)
        #expect(histogram.snapshot().sum == 240_000)
        #expect(histogram.snapshot().cumulative.last == 80_000)
        #expect(gauge.value == 40_000)
    }

    @Test func librariesRecordThroughSwiftMetrics() {
        let registry = PrometheusRegistry()
        Counter(label: "lib.requests", dimensions: [("method", "GET")], factory: registry).increment(by: 3)
        Timer(label: "lib.duration", dimensions: [], factory: registry).recordMilliseconds(20)
        Gauge(label: "lib.depth", dimensions: [], factory: registry).record(7)
        Meter(label: "lib.level", dimensions: [], factory: registry).set(0.5)
        Recorder(label: "lib.sizes", dimensions: [], aggregate: true, factory: registry).record(40)
        #expect(lines(registry, of: "lib_requests{") == ["lib_requests{method=\"GET\"} 3"])
        #expect(lines(registry, of: "lib_duration_sum") == ["lib_duration_sum 0.02"])
        #expect(lines(registry, of: "lib_duration_bucket{le=\"0.025\"}") == ["lib_duration_bucket{le=\"0.025\"} 1"])
        #expect(lines(registry, of: "lib_depth 7").count == 1)
        #expect(lines(registry, of: "lib_level 0.5").count == 1)
        #expect(lines(registry, of: "lib_sizes_bucket{le=\"50\"}") == ["lib_sizes_bucket{le=\"50\"} 1"])
    }
}
