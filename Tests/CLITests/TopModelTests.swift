import Contracts
import JSON
import Testing

@testable import CLI

@Suite("The picture of weir top")
struct TopModelTests {
    private static let start = ContinuousClock.now

    private func report(
        _ service: String, _ process: Int = 1, host: String = "box", after seconds: Double,
        _ metrics: [String: Double]
    ) -> ServiceReport {
        ServiceReport(
            service: "weir-\(service)", host: host, processID: process, version: "0.1.0", uptimeSeconds: seconds,
            metrics: metrics)
    }

    private func stage(_ name: String, _ picture: TopPicture) throws -> TopPicture.StageLine {
        try #require(picture.stages.first { $0.name == name })
    }

    @Test func ratesAreOfAllProcessesAndByTheirOwnClocks() throws {
        var model = TopModel()
        // The second's reports arrive together, late: its own clock says two seconds lay between them.
        model.add(
            report("executor", 1, after: 10, [#"weir_executor_exchanges_total{outcome="answered"}"#: 100]),
            at: Self.start)
        model.add(
            report("executor", 2, after: 4, [#"weir_executor_exchanges_total{outcome="answered"}"#: 7]), at: Self.start)
        #expect(try stage("call", model.picture(at: Self.start)).rate == nil, "one report makes no rate")
        model.add(
            report(
                "executor", 1, after: 12,
                [
                    #"weir_executor_exchanges_total{outcome="answered"}"#: 150,
                    #"weir_executor_exchanges_total{outcome="failed"}"#: 4, "weir_executor_exchanges_in_flight": 8,
                    "weir_executor_exchanges_max": 64,
                ]), at: Self.start)
        model.add(
            report(
                "executor", 2, after: 6,
                [
                    #"weir_executor_exchanges_total{outcome="answered"}"#: 27, "weir_executor_exchanges_in_flight": 2,
                    "weir_executor_exchanges_max": 64,
                ]), at: Self.start)
        let call = try stage("call", model.picture(at: Self.start))
        #expect(call.rate == 27 + 10 && call.failedRate == 2)
        #expect(call.inFlight == 10 && call.inFlightMax == 128)
        #expect(try stage("deliver", model.picture(at: Self.start)).rate == nil, "nobody reports of it")
    }

    @Test func ratesAreThoseOfTheLastSeconds() throws {
        var model = TopModel()
        for second in 0...20 {
            let count = second <= 10 ? 0 : Double(second - 10) * 50
            model.add(
                report("processor", after: Double(second), [#"weir_processor_runs_total{outcome="done"}"#: count]),
                at: Self.start)
        }
        #expect(try stage("process", model.picture(at: Self.start)).rate == 50)
    }

    @Test func aProcessThatWasStartedAgainBeginsAnew() throws {
        var model = TopModel()
        // In a container both are process 1.
        model.add(report("intake", after: 500, ["weir_intake_runs_total": 9_000]), at: Self.start)
        model.add(report("intake", after: 501, ["weir_intake_runs_total": 9_100]), at: Self.start)
        model.add(report("intake", after: 1, ["weir_intake_runs_total": 20]), at: Self.start)
        #expect(try stage("expand", model.picture(at: Self.start)).rate == nil && !model.hasRates)
        model.add(report("intake", after: 2, ["weir_intake_runs_total": 50]), at: Self.start)
        #expect(try stage("expand", model.picture(at: Self.start)).rate == 30 && model.hasRates)
    }

    @Test func schedulersShowTheSameAndAreNotAddedUp() throws {
        var model = TopModel()
        for process in 1...2 {
            model.add(
                report(
                    "scheduler", process, after: 5,
                    [
                        #"weir_stage_waiting{stage="call"}"#: 4_000 + Double(process),
                        #"weir_stage_oldest_waiting_seconds{stage="call"}"#: 31,
                    ]), at: Self.start)
        }
        let call = try stage("call", model.picture(at: Self.start))
        #expect(call.waiting == 4_002 && call.oldestSeconds == 31)
        #expect(try stage("collect", model.picture(at: Self.start)).waiting == nil)
    }

    @Test func aMeanIsThatOfWhatWasDoneLately() throws {
        var model = TopModel()
        func delivery(_ after: Double, _ sum: Double, _ count: Double) -> ServiceReport {
            report(
                "delivery", after: after,
                [
                    "weir_delivery_post_seconds_sum": sum, "weir_delivery_post_seconds_count": count,
                    #"weir_delivery_attempts_total{outcome="2xx"}"#: count,
                ])
        }
        model.add(delivery(1, 1_000, 10), at: Self.start)
        #expect(try stage("deliver", model.picture(at: Self.start)).meanSeconds == nil)
        model.add(delivery(2, 1_001, 14), at: Self.start)
        #expect(try stage("deliver", model.picture(at: Self.start)).meanSeconds == 0.25)
    }

    @Test func whoFallsSilentIsShownAsSilentAndThenForgotten() throws {
        var model = TopModel()
        for second in 1...2 {
            model.add(
                report("executor", after: Double(second), ["weir_executor_exchanges_in_flight": 5]), at: Self.start)
        }
        #expect(model.picture(at: Self.start + .seconds(3)).processes.map(\.silentSeconds) == [nil])
        let silent = model.picture(at: Self.start + .seconds(4))
        #expect(silent.processes.map(\.silentSeconds) == [4])
        #expect(try stage("call", silent).inFlight == nil, "what it said last counts no more")
        #expect(model.picture(at: Self.start + .seconds(31)).processes.isEmpty)
    }

    @Test func whoReportsSeldomIsNotSilentInBetween() {
        var model = TopModel()
        for minute in 0...1 { model.add(report("bus", after: Double(minute) * 60, [:]), at: Self.start) }
        #expect(model.picture(at: Self.start + .seconds(170)).processes.map(\.silentSeconds) == [nil])
    }

    // MARK: What is shown

    private var picture: TopPicture {
        var model = TopModel()
        func add(
            _ service: String, _ process: Int = 1, host: String = "box", from first: [String: Double] = [:],
            to second: [String: Double]
        ) {
            model.add(report(service, process, host: host, after: 100, first), at: Self.start)
            model.add(report(service, process, host: host, after: 102, second), at: Self.start)
        }
        add(
            "scheduler",
            to: [
                #"weir_stage_waiting{stage="call"}"#: 12_345, #"weir_stage_oldest_waiting_seconds{stage="call"}"#: 75,
                #"weir_stage_waiting{stage="deliver"}"#: 0, #"weir_stage_oldest_waiting_seconds{stage="deliver"}"#: 0,
            ])
        add(
            "executor", 4711, host: "\u{1B}[31mbox",
            from: [
                #"weir_executor_exchanges_total{outcome="answered"}"#: 0, "process_cpu_seconds_total": 1,
                "weir_executor_exchange_seconds_sum": 0, "weir_executor_exchange_seconds_count": 0,
            ],
            to: [
                #"weir_executor_exchanges_total{outcome="answered"}"#: 620,
                #"weir_executor_exchanges_total{outcome="retried"}"#: 1, "process_cpu_seconds_total": 2.5,
                "process_resident_memory_bytes": 104_857_600, #"weir_postgres_connections{state="in_use"}"#: 2,
                #"weir_postgres_connections{state="idle"}"#: 1, "weir_postgres_connections_max": 5,
                "weir_postgres_waiters": 0, "weir_executor_exchanges_in_flight": 64, "weir_executor_exchanges_max": 64,
                "weir_executor_exchange_seconds_sum": 124.2, "weir_executor_exchange_seconds_count": 621,
            ])
        add(
            "bus",
            to: [
                "weir_bus_credit": 640, #"weir_bus_waiting{topic="a"}"#: 1, #"weir_bus_waiting{topic="b"}"#: 2,
                "weir_bus_received_total": 8, "weir_bus_delivered_total": 6, "weir_bus_merged_total": 1,
                "weir_bus_dropped_total": 0,
            ])
        return model.picture(at: Self.start)
    }

    @Test func peopleGetTables() {
        let lines = TopText(style: .plain, width: 120).lines(picture, time: "10:08:27Z")
        #expect(lines[0] == "weir top · 3 processes report · 10:08:27Z")
        func row(_ first: String) -> [String] {
            lines.first { $0.hasPrefix(first) }?.split(separator: "  ").map { $0.trimmingPrefix { $0 == " " } }
                .map(String.init) ?? []
        }
        #expect(row("call") == ["call", "calls", "311", "0.5", "12,345", "1 min 15 s", "64", "64", "200 ms"])
        #expect(row("deliver") == ["deliver", "webhooks", "-", "-", "0", "-", "-", "-", "-"])
        #expect(
            row("executor") == [
                "executor", "\u{FFFD}[31mbox", "4711", "1 min", "75 %", "100 MiB", "2/5", "0", "311", "calls", "64/64",
            ])
        #expect(
            lines.last == "bus: 4.0 received/s, 0.5 merged/s, 3.0 delivered/s, 0 dropped/s, 3 waiting, credit for 640")
        let none = TopText(style: .plain, width: 120).lines(
            TopPicture(stages: [], processes: [], bus: nil), time: "10:08:27Z")
        #expect(none.last == "No service has reported yet.")
    }

    @Test func programsGetTheSameAsJSON() throws {
        let json = TopDocument.json(picture, time: "2026-11-21T10:08:27.000Z")
        let call = try #require(json["stages"]?.arrayValue?.first { $0["stage"] == "call" })
        #expect(
            call["rate"]?.doubleValue == 310.5 && call["failed_rate"]?.doubleValue == 0.5 && call["waiting"] == 12_345)
        #expect(call["oldest_seconds"] == 75 && call["in_flight"] == 64 && call["mean_seconds"]?.doubleValue == 0.2)
        #expect(json["stages"]?.arrayValue?.first { $0["stage"] == "accept" }?["rate"] == .null)
        let executor = try #require(json["processes"]?.arrayValue?.first { $0["service"] == "weir-executor" })
        #expect(
            executor["process"] == 4_711 && executor["cpu"]?.doubleValue == 0.75 && executor["silent_seconds"] == .null)
        #expect(json["bus"]?["credit"] == 640)
        // It is JSON.
        #expect(try JSONValue(parsing: json.description) == json)
    }

    @Test(
        arguments: [
            (nil, "-"), (0, "0"), (0.01, "<0.1"), (0.25, "0.3"), (99.94, "99.9"), (99.97, "100"),
            (1_234_567, "1,234,567"),
        ] as [(Double?, String)])
    func ratesHaveAsManyFiguresAsOneReads(_ rate: Double?, _ text: String) {
        #expect(TopText.rate(rate) == text)
    }

    @Test func areportThatIsNoneOrMakesNoSenseIsNotTaken() throws {
        let whole = report("bus", after: 1.5, ["weir_bus_credit": 2, #"a{b="c"}"#: 0.25])
        let json = try JSONValue(parsing: whole.encoded())
        #expect(ServiceReport(json) == whole)
        for (key, value) in [("service", 7), ("uptime_seconds", "1"), ("metrics", [])] as [(String, JSONValue)] {
            var object = try #require(json.objectValue)
            object[key] = value
            #expect(ServiceReport(.object(object)) == nil, "\(key)")
        }
        var huge = whole
        huge.metrics["weir_bus_waiting"] = 1e300
        huge.metrics["weir_bus_consumers"] = .nan
        #expect(ServiceReport(try JSONValue(parsing: huge.encoded())) == whole)
    }
}
