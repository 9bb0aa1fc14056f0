import Bus
import Contracts
import JSON
import Messaging
import Testing

@testable import CLI

@Suite("weir top", .timeLimit(.minutes(10)))
struct TopCommandTests {
    @Test(arguments: ["0s", "50ms", "2h", "5", "soon"])
    func anIntervalHasAFormAndBounds(_ interval: String) async {
        let outcome = await Terminal.run(["top", "--interval", interval])
        #expect(outcome.status == .usage && outcome.error.contains("from 100ms to 1h"), "\(outcome)")
    }

    @Test func withoutAWeirItSaysHowToFindOne() async {
        let outcome = await Terminal.run(["top", "--once"])
        #expect(outcome.status == .unreachable && outcome.error.contains("WEIR_BUS_ENDPOINTS"), "\(outcome)")
        let blind = await Terminal.run(["top", "--once", "--bus", "tcp://127.0.0.1:9"])
        #expect(blind.status != .success && blind.error.contains("WEIR_BUS_EVENTS"), "\(blind)")
    }

    @Test func whatReportsIsShownWhateverElseIsSaid() async throws {
        let silent = CommandContext.silentLogger
        let broker = try BusBroker(
            configuration: .init(endpoint: "tcp://127.0.0.1:*", eventsEndpoint: "tcp://127.0.0.1:*"), logger: silent)
        async let serving: Void = broker.run()
        let client = try BusClient(configuration: .init(endpoints: [broker.endpoint]), logger: silent)
        let reporting = Task {
            var second = 0.0
            while !Task.isCancelled {
                second += 1
                let report = ServiceReport(
                    service: "weir-delivery", host: "box", processID: 7, version: "0.1.0", uptimeSeconds: second,
                    metrics: [#"weir_delivery_attempts_total{outcome="2xx"}"#: second * 12])
                for body in [
                    Array("no event".utf8),
                    CloudEvent(id: "1", source: "/s", type: Topic.serviceReported, data: Array("[]".utf8)).encoded(),
                    CloudEvent(id: "2", source: "/s", type: Topic.serviceReported, data: report.encoded()).encoded(),
                ] { client.report(topic: Topic.serviceReported, key: "/s", body: body) }
                try await client.ping(timeout: .seconds(30))
            }
        }
        let options = ["top", "--once", "--bus", broker.endpoint, "--events", broker.eventsEndpoint ?? ""]
        let json = await Terminal.run(options + ["--json"])
        let table = await Terminal.run(options)
        reporting.cancel()
        _ = try? await reporting.value
        await client.close()
        broker.stop()
        try await serving

        #expect(json.status == .success && json.output.split(separator: "\n").count == 1, "\(json)")
        let picture = try JSONValue(parsing: Array(json.output.utf8))
        #expect(picture["processes"]?.arrayValue?.count == 1 && picture["bus"] == .null)
        #expect(picture["stages"]?.arrayValue?.last?["rate"] == 12)
        #expect(
            table.output.contains("1 process reports") && table.output.contains("The bus does not report."), "\(table)")
    }
}
