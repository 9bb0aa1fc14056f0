import Assembly
import Bus
import Contracts
import JSON
import Messaging
import Runtime
import Store
import TestSchemas
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Hints", .timeLimit(.minutes(10)))
struct HintTests {
    private static let org = OrgID(UUID())
    private static let request = RequestReference(
        id: ActivityRequestID(UUID()), org: org,
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    private static let untraced = RequestReference(id: request.id, org: org, traceparent: "nonsense")
    private static let source = ReadySource(org: org, source: SourceID(UUID()))

    private func publisher(_ bus: BusClient, host: String = "box-1.example") -> HintPublisher {
        HintPublisher(
            bus: bus, service: "weir-processor", host: host, processID: 4711, ids: IDGenerator(),
            clock: WallClock { 1_795_000_000_123_456_789 })
    }

    /// Says a hint and gives what its consumer gets.
    private func hear(_ hint: Hint, host: String = "box-1.example") async throws -> BusMessage? {
        var heard: BusMessage?
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            let consumer = try await fixture.consumer(of: client, topics: [hint.topic], credit: 1)
            publisher(client, host: host).say(hint)
            heard = await consumer.take(1).first
            heard?.finish()
            await client.close()
        }
        return heard
    }

    @Test(arguments: [
        Hint.requestAccepted(request), .requestAccepted(untraced), .runReady(source), .answerRecorded,
        .runsClosed(request), .requestCompleted(request), .deliveriesDue,
    ])
    func aHintTravelsAsTheEventThatItsSchemaDescribes(_ hint: Hint) async throws {
        let message = try #require(try await hear(hint))
        #expect(message.topic == hint.topic && message.key == hint.key)
        let event = try CloudEvent(parsing: message.body)
        #expect(event.type == hint.topic && event.subject == hint.key)
        #expect(event.source == "/weir/processor/box-1.example/4711" && event.time == "2026-11-18T11:06:40.123Z")
        #expect(event.orgID == hint.org?.description && event.data.isEmpty && event.extensions.isEmpty)
        if hint.trace == nil {
            #expect(event.traceparent == nil)
        } else {
            // The same trace; the parent is this event.
            let parent = event.id.filter { $0 != "-" }.suffix(16)
            #expect(event.traceparent == "00-4bf92f3577b34da6a3ce929d0e0e4736-\(parent)-01")
        }
        let schema = try #require(try JSONSchema.all()[hint.topic])
        #expect(try schema.violations(of: JSONValue(parsing: message.body)) == [])
    }

    @Test func theSchemasRefuseWhatIsNoSuchHint() async throws {
        let message = try #require(try await hear(.runsClosed(Self.request)))
        guard case .object(let good) = try JSONValue(parsing: message.body) else { return }
        let schema = try #require(try JSONSchema.all()[Topic.runsClosed])
        let bad: [(String, JSONValue?, String)] = [
            ("specversion", "0.3", "$.specversion: pattern"), ("id", "", "$.id: minLength"),
            ("source", nil, "$: required \"source\""), ("type", .string(Topic.runReady), "$.type: pattern"),
            ("time", "today", "$.time: pattern"), ("subject", "answers", "$.subject: pattern"),
            ("orgid", 7, "$.orgid: type"), ("traceparent", "nonsense", "$.traceparent: pattern"),
        ]
        for (name, value, rule) in bad {
            var event = good
            event[name] = value
            #expect(try schema.violations(of: .object(event)) == [rule])
        }
        var more = good
        more["colour"] = "red"
        #expect(try schema.violations(of: .object(more)) == [], "unknown attributes are kept")
    }

    @Test func hintsThatWaitTogetherAreOneAlthoughEachIsAnEventOfItsOwn() async throws {
        try await BrokerFixture.with { fixture in
            let client = try await fixture.client()
            // Nobody consumes yet, so they wait at the broker.
            for _ in 0..<5 {
                publisher(client).say(.requestAccepted(Self.request))
                publisher(client).say(.runReady(Self.source))
                try await client.ping(timeout: .seconds(30))
            }
            let topics = [Topic.requestAccepted, Topic.runReady, Topic.answerRecorded]
            let consumer = try await fixture.consumer(of: client, topics: topics, credit: 10)
            publisher(client).say(.answerRecorded)
            let heard = await consumer.take(3)
            #expect(Set(heard.map(\.topic)) == Set(topics) && heard.count == 3)
            await client.close()
        }
    }

    @Test func anOddHostNameLeavesTheSourceAURI() async throws {
        let message = try #require(try await hear(.answerRecorded, host: "my box/ü?"))
        #expect(try CloudEvent(parsing: message.body).source == "/weir/processor/my_box___/4711")
    }
}
