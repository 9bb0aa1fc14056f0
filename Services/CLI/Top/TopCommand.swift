import ArgumentParser
import Contracts
import JSON
import Messaging
import Runtime
import Synchronization
import UnixSignals

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Shows how all services are doing, live.
struct TopCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch how all services are doing: stages, rates, waiting work, and each process.",
        discussion: """
            Each process of a service reports over the bus how it is doing, replicas in containers among them, so that this needs \
            the bus and its feed for observers and nothing else. On a terminal the picture is drawn anew until Ctrl-C; elsewhere it \
            is printed again and again. docs/telemetry.md says what the columns mean and which service to add.

            Examples:
              weir top
              weir top --once
              weir top --json | jq '.stages[] | select(.stage == "call") | .waiting'
            """)

    /// How long to wait for the first reports.
    private static let patience: Duration = .seconds(10)
    /// Until all that report once a second have done so twice, and a little more.
    private static let firstLook: Duration = .milliseconds(2_300)

    @Option(help: ArgumentHelp("How often: 500ms, 1s, 1m.", valueName: "duration")) var interval = "1s"
    @Flag(help: "Show one picture and end.") var once = false
    @OptionGroup var bus: BusOptions
    @Flag(help: "Print one JSON object per line.") var json = false

    private var pause: Duration? { Runtime.DurationText.parse(interval) }

    func check() throws {
        guard let pause, (Duration.milliseconds(100) ... .seconds(3_600)).contains(pause) else {
            throw ValidationError("--interval takes a length of time from 100ms to 1h, such as 500ms, 1s or 1m.")
        }
    }

    func run(_ context: CommandContext) async throws {
        let pause = pause ?? .seconds(1)
        _ = try await Interruption.untilSignal {
            try await context.withBus(bus) { client in
                let reports = try client.observe(topicPrefixes: [Topic.serviceReported])
                // Says at once when there is no bus, instead of waiting for reports that cannot come.
                try await client.ping(timeout: .seconds(5))
                let model = Model()
                let reading = Task { await model.take(reports) }
                defer { reading.cancel() }
                if context.console.isOutputTerminal, !once, !json, context.variable("TERM") != "dumb" {
                    await draw(model, every: pause, context.console)
                } else {
                    try await print(model, every: pause, context.console)
                }
            }
        }
    }

    /// Draws the picture over and over, and anew at once when the terminal's size changes.
    private func draw(_ model: Model, every pause: Duration, _ console: Console) async {
        let bell = Bell()
        bell.ring()
        let ticking = Task {
            // Rates fall and silence grows also while no report comes: the picture is drawn anew by the clock.
            while (try? await Task.sleep(for: pause)) != nil { bell.ring() }
        }
        let resizes = await UnixSignalsSequence(trapping: .sigwinch)
        let resizing = Task {
            for await _ in resizes { bell.ring() }
        }
        let screen = LiveScreen(console: console)
        screen.enter()
        defer {
            screen.leave()
            ticking.cancel()
            resizing.cancel()
        }
        while await bell.wait() {
            let size = TerminalSize.current() ?? TerminalSize(columns: console.width, rows: 24)
            let text = TopText(style: console.style, width: size.columns)
            screen.draw(text.lines(model.picture(), time: Self.timeOfDay()), in: size)
        }
    }

    /// Prints picture after picture, the first as soon as there are rates to show.
    private func print(_ model: Model, every pause: Duration, _ console: Console) async throws {
        let start = ContinuousClock.now
        while !(model.hasRates && start.duration(to: .now) >= Self.firstLook) {
            // Reports come when they come; the bound is above.
            try await Task.sleep(for: .milliseconds(50))
            if start.duration(to: .now) >= Self.patience { break }
        }
        guard !model.isEmpty else {
            throw CommandError(
                "No service has reported within 10 s, although the bus answers",
                remedy:
                    "See that services run with this bus, that it has a feed (WEIR_BUS_EVENTS), and that WEIR_REPORT is not 0s",
                status: .unreachable)
        }
        while true {
            let picture = model.picture()
            if json {
                console.print(TopDocument.json(picture, time: Self.now()).description)
            } else {
                let text = TopText(style: console.style, width: console.width)
                for line in text.lines(picture, time: Self.timeOfDay()) { console.print(line) }
            }
            if once { return }
            // How often lines are printed, which is what the caller has chosen.
            try await Task.sleep(for: pause)
            if !json { console.print() }
        }
    }

    private static func now() -> String {
        Timestamp.rfc3339(nanosecondsSinceEpoch: Int64(Date.now.timeIntervalSince1970 * 1_000_000_000))
    }

    private static func timeOfDay() -> String { "\(now().dropFirst(11).prefix(8))Z" }

    /// The model, filled by one task and looked at by another.
    private final class Model: Sendable {
        private let model = Mutex(TopModel())

        var hasRates: Bool { model.withLock { $0.hasRates } }
        var isEmpty: Bool { picture().processes.isEmpty }

        func picture() -> TopPicture { model.withLock { $0.picture(at: .now) } }

        func take(_ messages: AsyncStream<ObservedMessage>) async {
            for await message in messages {
                guard let event = try? CloudEvent(parsing: message.body),
                    let json = try? JSONValue(parsing: event.data),
                    let report = ServiceReport(json)
                else { continue }
                model.withLock { $0.add(report, at: .now) }
            }
        }
    }
}
