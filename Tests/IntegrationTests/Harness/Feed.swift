import Contracts
import Messaging
import Synchronization

/// Everything that goes over a platform's bus from the moment that the feed is there, as an observer sees it.
final class Feed: Sendable {
    private static let probe = "test.feed.probed"

    private final class Seen: Sendable {
        let messages = Mutex<[ObservedMessage]>([])
    }

    private let bus: BusClient
    private let seen = Seen()

    init(of platform: Platform) async throws {
        let bus = try BusClient(
            configuration: BusConfiguration(
                endpoints: [platform.busEndpoint], eventsEndpoint: platform.busEndpoint + "-events"), logger: .silent)
        self.bus = bus
        let messages = try bus.observe(topicPrefixes: [""])
        Task { [seen] in
            for await message in messages { seen.messages.withLock { $0.append(message) } }
        }
        // A subscription travels on a connection of its own, and nothing says that it has arrived but what comes back.
        try await eventually("the observers' feed") {
            bus.publish(topic: Self.probe, key: "", body: [])
            return seen.messages.withLock { $0.contains { $0.topic == Self.probe } }
        }
    }

    /// The hints of the services so far, in order.
    var events: [CloudEvent] {
        seen.messages.withLock { $0 }.filter {
            ![Self.probe, Topic.serviceReported].contains($0.topic) && !$0.isCommand
        }
        .compactMap { try? CloudEvent(parsing: $0.body) }
    }

    /// Those about one request.
    func events(about request: String) -> [CloudEvent] { events.filter { $0.subject == request } }

    func close() async { await bus.close() }
}
