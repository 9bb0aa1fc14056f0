import Contracts

/// Reports of services in, a picture of all of them out. Pure: the time is handed in.
struct TopModel: Sendable {
    /// A process that is silent for longer is not shown any more.
    static let forgottenAfter: Duration = .seconds(30)
    /// Reports that are missing before a process counts as silent.
    private static let missedMax = 3.0
    /// More processes are not followed.
    static let processesMax = 1_000

    private struct Key: Hashable {
        let service: String
        let host: String
        let process: Int
    }

    private var histories: [Key: ReportHistory] = [:]

    /// Takes a report.
    mutating func add(_ report: ServiceReport, at now: ContinuousClock.Instant) {
        let key = Key(service: report.service, host: report.host, process: report.processID)
        if histories[key] == nil, histories.count >= Self.processesMax { return }
        histories[key]?.add(report, at: now)
        if histories[key] == nil { histories[key] = ReportHistory(report, at: now) }
    }

    /// Whether every process that is known has reported often enough for rates.
    var hasRates: Bool { !histories.isEmpty && histories.values.allSatisfy { $0.reports.count > 1 } }

    /// How everything stands now.
    mutating func picture(at now: ContinuousClock.Instant) -> TopPicture {
        histories = histories.filter { now - $0.value.heardAt <= max(Self.forgottenAfter, Self.patience($0.value) * 3) }
        let living = histories.values.filter { Self.silence($0, now) == nil }
        return TopPicture(
            stages: Stage.all.map { Self.line(of: $0, living) },
            processes: histories.values.map { Self.line(of: $0, now) }.sorted(),
            bus: Self.bus(living))
    }

    private static func line(of stage: Stage, _ histories: [ReportHistory]) -> TopPicture.StageLine {
        func total(_ values: [Double]) -> Double? { values.isEmpty ? nil : values.reduce(0, +) }
        func gauge(_ metric: ReportedMetric?) -> Double? {
            metric.flatMap { metric in total(histories.compactMap { $0.latest.value(metric) }) }
        }
        // All schedulers look at the same database.
        func seen(_ metric: ReportedMetric) -> Double? {
            histories.compactMap { $0.latest.value(metric, "stage", stage.name) }.max()
        }
        let weighted = stage.seconds.map { seconds in
            histories.compactMap { history in
                history.mean(seconds).map { (mean: $0, count: history.rate(stage.ended) ?? 0) }
            }
        }
        return TopPicture.StageLine(
            name: stage.name, unit: stage.unit, rate: total(histories.compactMap { $0.rate(stage.ended) }),
            failedRate: stage.failures.isEmpty
                ? nil : total(histories.compactMap { $0.rate(stage.ended, of: stage.failures) }),
            waiting: seen(.stageWaiting), oldestSeconds: seen(.stageOldestSeconds), inFlight: gauge(stage.inFlight),
            inFlightMax: gauge(stage.inFlightMax), meanSeconds: weighted.flatMap(mean))
    }

    /// The mean over processes, each as much as it has done.
    private static func mean(_ parts: [(mean: Double, count: Double)]) -> Double? {
        guard !parts.isEmpty else { return nil }
        let count = parts.reduce(0) { $0 + $1.count }
        guard count > 0 else { return parts.reduce(0) { $0 + $1.mean } / Double(parts.count) }
        return parts.reduce(0) { $0 + $1.mean * $1.count } / count
    }

    private static func line(of history: ReportHistory, _ now: ContinuousClock.Instant) -> TopPicture.ProcessLine {
        let report = history.latest
        let stage = Stage.main(of: report.service)
        return TopPicture.ProcessLine(
            service: report.service, host: report.host, process: report.processID, version: report.version,
            uptimeSeconds: report.uptimeSeconds, cpu: history.rate(.cpuSeconds),
            memoryBytes: report.value(.residentBytes),
            connectionsInUse: report.value(.connections, "state", "in_use"),
            connectionsMax: report.value(.connectionsMax), connectionWaiters: report.value(.connectionWaiters),
            rate: history.rate(stage?.ended ?? .busReceived), unit: stage?.unit ?? "messages",
            inFlight: stage?.inFlight.flatMap { report.value($0) },
            inFlightMax: stage?.inFlightMax.flatMap { report.value($0) },
            silentSeconds: silence(history, now))
    }

    private static func bus(_ histories: [ReportHistory]) -> TopPicture.BusLine? {
        let buses = histories.filter { $0.latest.value(.busCredit) != nil }
        guard !buses.isEmpty else { return nil }
        func rate(_ metric: ReportedMetric) -> Double? {
            let rates = buses.compactMap { $0.rate(metric) }
            return rates.isEmpty ? nil : rates.reduce(0, +)
        }
        func gauge(_ metric: ReportedMetric) -> Double { buses.reduce(0) { $0 + ($1.latest.value(metric) ?? 0) } }
        return TopPicture.BusLine(
            receivedRate: rate(.busReceived), deliveredRate: rate(.busDelivered), mergedRate: rate(.busMerged),
            droppedRate: rate(.busDropped), waiting: gauge(.busWaiting), credit: gauge(.busCredit))
    }

    /// For how long a process has been silent; nil while it is not.
    private static func silence(_ history: ReportHistory, _ now: ContinuousClock.Instant) -> Double? {
        let silent = now - history.heardAt
        return silent > patience(history) ? silent / .seconds(1) : nil
    }

    /// How long a process may say nothing. How often it reports shows in its reports.
    private static func patience(_ history: ReportHistory) -> Duration {
        let uptimes = history.reports.suffix(2).map(\.uptimeSeconds)
        let interval = uptimes.count == 2 ? uptimes[1] - uptimes[0] : 1
        return .seconds(max(interval, 1) * missedMax)
    }
}
