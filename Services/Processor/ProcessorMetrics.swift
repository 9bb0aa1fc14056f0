import Runtime
import Store

/// What a processor counts: once for each batch and each result, not for each run.
struct ProcessorMetrics: Sendable {
    private let answers: PrometheusCounter
    private let answerBytes: PrometheusCounter
    private let done: PrometheusCounter
    private let failed: PrometheusCounter
    private let values: PrometheusCounter
    private let objectsFound: PrometheusCounter
    private let conversionFailures: PrometheusCounter
    private let bisected: PrometheusCounter
    private let batchSeconds: PrometheusHistogram
    private let mapSeconds: PrometheusHistogram
    private let batchRuns: PrometheusHistogram
    private let results: PrometheusCounter
    private let resultsFailed: PrometheusCounter
    private let resultBytes: PrometheusCounter
    private let resultSeconds: PrometheusHistogram
    private let workflows: PrometheusCounter

    /// Registers the metrics.
    ///
    /// - Parameter collecting: how many results are being collected.
    init(_ registry: PrometheusRegistry, collecting: @escaping @Sendable () -> Int) {
        func runs(_ outcome: String) -> PrometheusCounter {
            registry.counter(
                "weir_processor_runs_total", "Runs closed, by outcome.", labels: [("outcome", outcome)])
        }
        func collected(_ outcome: String) -> PrometheusCounter {
            registry.counter(
                "weir_processor_results_total", "Results put together, and attempts at it that failed.",
                labels: [("outcome", outcome)])
        }
        answers = registry.counter("weir_processor_answers_total", "Raw answers mapped.")
        answerBytes = registry.counter("weir_processor_answer_bytes_total", "Bytes of raw answers mapped.")
        done = runs("done")
        failed = runs("failed")
        values = registry.counter("weir_processor_values_total", "Values stored.")
        objectsFound = registry.counter("weir_processor_objects_found_total", "Objects found in answers.")
        conversionFailures = registry.counter(
            "weir_processor_conversion_failures_total", "Values in answers that could not be converted.")
        bisected = registry.counter(
            "weir_processor_batches_bisected_total", "Batches that the database refused and that were taken apart.")
        batchSeconds = registry.histogram(
            "weir_processor_batch_seconds", "How long it takes to pick, map and store a batch of runs.",
            buckets: .seconds)
        mapSeconds = registry.histogram(
            "weir_processor_map_seconds", "The part of it that mapping takes.", buckets: .seconds)
        batchRuns = registry.histogram("weir_processor_batch_runs", "Runs in a batch.", buckets: .batchSizes)
        results = collected("collected")
        resultsFailed = collected("failed")
        resultBytes = registry.counter("weir_processor_result_bytes_total", "Bytes of results put together.")
        resultSeconds = registry.histogram(
            "weir_processor_result_seconds", "How long it takes to put a result together.", buckets: .seconds)
        workflows = registry.counter(
            "weir_processor_workflow_steps_total", "Steps of workflows started after those before them had ended.")
        registry.sampledGauge("weir_processor_results_in_flight", "Results being put together.") {
            Double(collecting())
        }
    }

    /// Counts a batch that is stored.
    func note(_ batch: ProcessedBatch, took duration: Duration) {
        answers.increment(by: Int64(batch.answers))
        answerBytes.increment(by: Int64(batch.answerBytes))
        done.increment(by: Int64(batch.runsDone))
        failed.increment(by: Int64(batch.runs - batch.runsDone))
        values.increment(by: Int64(batch.values))
        objectsFound.increment(by: Int64(batch.objectsFound))
        conversionFailures.increment(by: Int64(batch.conversionFailures))
        batchRuns.record(Double(batch.runs))
        mapSeconds.record(batch.mapping)
        batchSeconds.record(duration)
    }

    /// Counts a batch that the database refused for what one of its answers holds.
    func noteBisection() { bisected.increment() }

    /// Counts a result that is on disk.
    func noteResult(bytes: Int, took duration: Duration) {
        results.increment()
        resultBytes.increment(by: Int64(bytes))
        resultSeconds.record(duration)
    }

    /// Counts a result that could not be put together this time.
    func noteFailedResult() { resultsFailed.increment() }

    /// Counts what was started because something else had ended.
    func noteSteps(_ count: Int) { workflows.increment(by: Int64(count)) }
}

/// What a batch of runs came to.
struct ProcessedBatch: Sendable {
    private(set) var answers = 0
    private(set) var answerBytes = 0
    private(set) var runs = 0
    private(set) var runsDone = 0
    private(set) var values = 0
    private(set) var objectsFound = 0
    private(set) var conversionFailures = 0
    /// How long it took to map.
    var mapping = Duration.zero

    /// A batch without runs.
    init() {}

    /// Adds up a batch.
    init(_ answers: [FetchedAnswer], _ runs: [ProcessedRun], mapping: Duration) {
        self.answers = answers.count
        answerBytes = answers.reduce(0) { $0 + $1.body.count }
        self.runs = runs.count
        self.mapping = mapping
        for run in runs {
            if run.succeeded { runsDone += 1 }
            values += run.values.count + run.findings.reduce(0) { $0 + $1.values.count }
            objectsFound += run.findings.count
            conversionFailures += run.failures.count
        }
    }
}
