import Bus
import Contracts
import JSON
import Messaging
import Testing

@testable import CLI

@Suite("Watching the bus", .timeLimit(.minutes(10)))
struct TailTests {
    private static let hint = CloudEvent(
        id: "1", source: "/weir/intake/box/4711", type: "dev.weir.runs.closed.v1", time: "2026-11-21T09:55:27.042Z",
        subject: "01a1fd94-25de-7789-97be-1273177f0077",
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-97be1273177f0077-01")

    private static let report = CloudEvent(
        id: "2", source: "/weir/bus/box/1", type: Topic.serviceReported, subject: "/weir/bus/box/1",
        data: Array(#"{"service":"weir-bus"}"#.utf8))

    private func observed(_ event: CloudEvent, isCommand: Bool = false, missed: Int = 0) -> ObservedMessage {
        ObservedMessage(
            topic: event.type, key: event.subject ?? "", body: isCommand ? [] : event.encoded(), isCommand: isCommand,
            missedCount: missed)
    }

    @Test func aHintIsARowWithWhenWhatWhoAndItsTrace() {
        var table = ObservationTable(style: .plain)
        #expect(table.head.split(separator: " ") == ["TIME", "TYPE", "SUBJECT", "SOURCE", "TRACEPARENT"])
        let row = table.line(observed(Self.hint), seenAt: 0)
        #expect(
            row.split(separator: " ") == [
                "09:55:27.042Z", "dev.weir.runs.closed.v1", "01a1fd94-25de-7789-97be-1273177f0077",
                "/weir/intake/box/4711", "00-4bf92f3577b34da6a3ce929d0e0e4736-97be1273177f0077-01",
            ])
        for title in ["TYPE", "SUBJECT", "SOURCE", "TRACEPARENT"] {
            let place = table.head.firstRange(of: title).map {
                table.head.distance(from: table.head.startIndex, to: $0.lowerBound)
            }
            #expect(
                place.map { row.dropFirst($0).first != " " && row.dropFirst($0 - 1).first == " " } == true, "\(title)")
        }
    }

    @Test func aWiderCellMovesTheColumnsOfTheRowsAfterIt() {
        var table = ObservationTable(style: .plain)
        var wide = Self.hint
        wide.subject = String(repeating: "s", count: 80)
        let before = table.line(observed(Self.hint), seenAt: 0)
        let (first, second) = (table.line(observed(wide), seenAt: 0), table.line(observed(Self.hint), seenAt: 0))
        #expect(first.contains(String(repeating: "s", count: 80)) && before.count < second.count)
        #expect(first.count == second.count)
    }

    @Test func whatIsNoEventOrHasNoBodyIsShownAllTheSame() {
        var table = ObservationTable(style: .plain)
        let command = table.line(
            observed(
                CloudEvent(id: "1", source: "s", type: "dev.weir.activity.requested.v1", subject: "enrich"),
                isCommand: true),
            seenAt: 1_000)
        #expect(command.hasPrefix("00:00:00.001Z  dev.weir.activity.requested.v1  enrich"))
        #expect(command.hasSuffix("(a command; its data are not shown)"))
        let text = ObservedMessage(
            topic: "t", key: "k", body: Array("\u{1B}[2Jx".utf8), isCommand: false, missedCount: 2)
        let line = table.line(text, seenAt: 0)
        #expect(!line.contains("\u{1B}") && line.hasSuffix("x  (2 before it were missed)"))
    }

    @Test func itSaysWhenTheBusGoesAwayAndWhenItIsBack() async throws {
        try await withTemporaryState { state in
            let silent = CommandContext.silentLogger
            let (endpoint, events) = ("ipc://\(state.path)/bus", "ipc://\(state.path)/events")
            func start() throws -> (BusBroker, Task<Void, any Error>) {
                let broker = try BusBroker(
                    configuration: .init(endpoint: endpoint, eventsEndpoint: events), logger: silent)
                return (broker, Task { try await broker.run() })
            }
            let (broker, serving) = try start()
            let terminal = Terminal()
            let tail = Task { await terminal.run(["tail", "--count", "1", "--bus", endpoint, "--events", events]) }
            try await waitUntil { terminal.output.hasPrefix("TIME ") }
            broker.stop()
            try await serving.value
            try await waitUntil { terminal.error.contains("the bus is gone") }
            #expect(!terminal.error.contains("the bus is back"))

            let (another, servingAgain) = try start()
            try await waitUntil { terminal.error.contains("the bus is back") }
            // And it shows what is said from now on.
            let client = try BusClient(configuration: .init(endpoints: [endpoint]), logger: silent)
            let saying = Task {
                while !Task.isCancelled {
                    client.publish(topic: Self.hint.type, key: Self.hint.subject ?? "", body: Self.hint.encoded())
                    try await client.ping(timeout: .seconds(30))
                }
            }
            #expect(await tail.value == .success)
            #expect(terminal.output.contains("dev.weir.runs.closed.v1"))
            saying.cancel()
            _ = try? await saying.value
            await client.close()
            another.stop()
            try await servingAgain.value
        }
    }

    @Test func itShowsPeopleATableAndProgramsTheWholeEvent() async throws {
        let silent = CommandContext.silentLogger
        let broker = try BusBroker(
            configuration: .init(endpoint: "tcp://127.0.0.1:*", eventsEndpoint: "tcp://127.0.0.1:*"), logger: silent)
        async let serving: Void = broker.run()
        let client = try BusClient(configuration: .init(endpoints: [broker.endpoint]), logger: silent)
        // Until both have seen one: whoever watches from now on sees what is said from now on.
        let saying = Task {
            while !Task.isCancelled {
                // Before each hint, and not shown: reports are for whoever asks for them.
                client.report(topic: Topic.serviceReported, key: "/weir/bus/box/1", body: Self.report.encoded())
                client.publish(topic: Self.hint.type, key: Self.hint.subject ?? "", body: Self.hint.encoded())
                try await client.ping(timeout: .seconds(30))
            }
        }
        let options = ["tail", "--count", "1", "--bus", broker.endpoint, "--events", broker.eventsEndpoint ?? ""]
        let table = await Terminal.run(options)
        let json = await Terminal.run(options + ["--json"])
        let reports = await Terminal.run(options + ["--json", "--type", "dev.weir.service"])
        saying.cancel()
        _ = try? await saying.value
        await client.close()
        broker.stop()
        try await serving

        #expect(table.status == .success && table.output.hasPrefix("TIME "), "\(table.error)")
        #expect(table.output.contains("09:55:27.042Z  dev.weir.runs.closed.v1 "))
        #expect(table.output.contains("-4bf92f3577b34da6a3ce929d0e0e4736-"))
        #expect(json.status == .success && json.output.split(separator: "\n").count == 1, "\(json.error)")
        let event = try #require(try JSONValue(parsing: Array(json.output.utf8))["event"])
        #expect(try CloudEvent(parsing: event.encoded()) == Self.hint)
        let report = try JSONValue(parsing: Array(reports.output.utf8))
        #expect(report["topic"] == "dev.weir.service.reported.v1" && report["command"] == false)
        #expect(report["event"]?["data"] == ["service": "weir-bus"])
    }
}
