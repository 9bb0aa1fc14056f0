import Contracts

/// What one process has reported during the last seconds. Rates are taken by the process's own clock, so that a report which was long on
/// its way changes none.
struct ReportHistory: Sendable {
    /// Rates and means are those of so many seconds.
    static let window = 5.0

    private(set) var reports: [ServiceReport]
    /// When the last report came.
    private(set) var heardAt: ContinuousClock.Instant

    /// The newest report.
    var latest: ServiceReport { reports[reports.count - 1] }

    init(_ report: ServiceReport, at now: ContinuousClock.Instant) {
        reports = [report]
        heardAt = now
    }

    /// Adds the next report. One that has run for a shorter time is of a process that was started again: its counters have begun anew.
    mutating func add(_ report: ServiceReport, at now: ContinuousClock.Instant) {
        if report.uptimeSeconds < latest.uptimeSeconds { reports = [] }
        reports.append(report)
        heardAt = now
        while reports.count > 2, report.uptimeSeconds - reports[1].uptimeSeconds >= Self.window {
            reports.removeFirst()
        }
    }

    /// How much a counter grows each second; nil when there is none, or only one report.
    func rate(_ metric: ReportedMetric, of outcomes: Set<String>? = nil) -> Double? {
        guard let elapsed, let (first, last) = ends(metric.rawValue, outcomes) else { return nil }
        return max(last - first, 0) / elapsed
    }

    /// The mean of what a histogram has recorded lately; nil when it has recorded nothing.
    func mean(_ metric: ReportedMetric) -> Double? {
        guard let (sumBefore, sum) = ends("\(metric.rawValue)_sum", nil),
            let (countBefore, count) = ends("\(metric.rawValue)_count", nil), count > countBefore
        else { return nil }
        return (sum - sumBefore) / (count - countBefore)
    }

    private var elapsed: Double? {
        let elapsed = latest.uptimeSeconds - reports[0].uptimeSeconds
        return elapsed > 0 ? elapsed : nil
    }

    private func ends(_ series: String, _ outcomes: Set<String>?) -> (Double, Double)? {
        guard let last = latest.sum(of: series, outcomes: outcomes) else { return nil }
        // A counter that is not there yet has counted nothing.
        return (reports[0].sum(of: series, outcomes: outcomes) ?? 0, last)
    }
}

extension ServiceReport {
    /// The sum of all series of a name; nil when there is none.
    ///
    /// - Parameter outcomes: only series whose label `outcome` is one of these.
    func sum(of name: String, outcomes: Set<String>? = nil) -> Double? {
        var found: Double?
        for (series, value) in metrics where series == name || series.hasPrefix("\(name){") {
            if let outcomes, !outcomes.contains(where: { series.contains("outcome=\"\($0)\"") }) { continue }
            found = (found ?? 0) + value
        }
        return found ?? (outcomes == nil ? nil : sum(of: name).map { _ in 0 })
    }

    /// The value of a gauge.
    func value(_ metric: ReportedMetric) -> Double? { sum(of: metric.rawValue) }

    /// The value of a series with one label.
    func value(_ metric: ReportedMetric, _ label: String, _ value: String) -> Double? {
        metrics["\(metric.rawValue){\(label)=\"\(value)\"}"]
    }
}
