import Contracts
import JSON
import Messaging
import Synchronization
import TestSchemas
import Testing

extension IntegrationTests {
    /// What really travels: taken from the bus and from the command line's own calls, held against the schemas and docs/messages.md.
    @Suite("Messages")
    struct MessageTests {
        @Test func aCommandOfTheCommandLineIsWhatTheSchemaSays() async throws {
            var options = Platform.Options()
            options.services = [.bus]
            let platform = try await Platform(options)
            do {
                try await platform.start(.bus)
                try await platform.withBus { bus in
                    let consumer = bus.consume(topics: [Topic.activityRequested], credit: 1)
                    async let received = firstCommand(consumer)
                    try await WeirProgram.with(variables: [
                        "WEIR_BUS_ENDPOINTS": platform.busEndpoint, "WEIR_API_KEY": "weir_a_key",
                    ]) { weir in
                        let body = #"{"activity":"enrich","objects":["Abel","Ümläut"]}"#
                        // Answered once the consumer is there.
                        let outcome = try await eventually("the command taken") {
                            let outcome = try await weir.run(
                                "publish", Topic.activityRequested, "--data", body, "--wait")
                            return outcome.status == 0 ? outcome : nil
                        }
                        #expect(outcome.output.contains("taken"), "\(outcome)")
                    }
                    let message = try #require(await received)
                    #expect(message.key == "enrich")
                    let event = try CloudEvent(parsing: message.body)
                    #expect(event.type == Topic.activityRequested && !event.id.isEmpty && !event.source.isEmpty)
                    #expect(event.extensions["apikey"].map { String(decoding: $0, as: UTF8.self) } == #""weir_a_key""#)
                    try expectValid(event.data, as: Topic.activityRequested)
                }
            } catch {
                try? await platform.remove()
                throw error
            }
            try await platform.remove()
        }

        private func firstCommand(_ consumer: BusConsumer) async -> (key: String, body: [UInt8])? {
            for await batch in consumer {
                guard let message = batch.first else { continue }
                defer { message.finish() }
                message.reply(Array(#"{"id":"taken"}"#.utf8))
                return (message.key, message.body)
            }
            return nil
        }

        @Test func aBodyOfTheCommandLineIsWhatTheSchemaSays() async throws {
            let bodies = Mutex<[[UInt8]]>([])
            let server = try StubServer { request in
                bodies.withLock { $0.append(request.body) }
                return .answer(
                    status: 202, headers: [("content-type", "application/json")],
                    body: Array(
                        #"""
                        {"id":"018f0000-0000-7000-8000-000000000000","state":"valid","activity":"enrich",
                        "plan":{"runs":3,"calls":3},"links":{"self":"/","timeline":"/","result":"/"}}
                        """#.utf8))
            }
            let outcome = try await WeirProgram.with(variables: ["WEIR_URL": server.url, "WEIR_API_KEY": "weir_a_key"])
            {
                weir in
                let file = try weir.write("name,city\n\"Abel, \"\"Söhne\"\"\",Ulm\nBebel,Köln\n", to: "objects.csv")
                return try await weir.run("submit", "enrich", "--file", file)
            }
            await server.stop()
            #expect(outcome.status == 0, "\(outcome)")
            let body = try #require(bodies.withLock { $0 }.first)
            try expectValid(body, as: Topic.activityRequested)
            #expect(try JSONValue(parsing: body)["objects"] == ["Abel, \"Söhne\"", "Bebel"])
        }

        @Test func hintsNameQueuesAndAreWhatTheirSchemasSay() async throws {
            try await withPlatform { platform in
                var configuration = BusConfiguration(endpoints: [platform.busEndpoint])
                configuration.eventsEndpoint = platform.busEndpoint + "-events"
                let observer = try BusClient(configuration: configuration, logger: .silent)
                let seen = Mutex<[ObservedMessage]>([])
                let feed = try observer.observe(topicPrefixes: [""])
                let reading = Task { for await message in feed { seen.withLock { $0.append(message) } } }
                let expected = Set([
                    Topic.requestAccepted, Topic.runReady, Topic.answerRecorded, Topic.runsClosed,
                    Topic.requestCompleted, Topic.serviceReported,
                ])
                let requests = Mutex<Set<String>>([])
                // Its run is closed after the other, by the executor.
                platform.api.script("late", [.status(503), .status(404)])
                // Again and again, since an observer misses what was said before it was heard.
                try await eventually("every kind of hint") {
                    let id = try await platform.client.submit(["Abel", "late"])
                    requests.withLock { _ = $0.insert(id) }
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                    return expected.isSubset(of: seen.withLock { Set($0.map(\.topic)) })
                }
                await observer.close()
                await reading.value
                let source = try await platform.database.value(
                    String.self, "select owner_org_id || '/' || id from public.source where key = 'registry'")
                for message in seen.withLock({ $0 }) {
                    try expectValid(message.body, as: message.topic)
                    let event = try CloudEvent(parsing: message.body)
                    #expect(event.type == message.topic && event.subject == message.key)
                    #expect(event.data.isEmpty == (message.topic != Topic.serviceReported))
                    switch message.topic {
                    case Topic.runReady: #expect(message.key == source)
                    case Topic.answerRecorded: #expect(message.key == "answers")
                    case Topic.serviceReported: #expect(message.key == event.source)
                    case Topic.requestCompleted where message.key == "deliveries": break
                    default:
                        #expect(expected.contains(message.topic))
                        #expect(requests.withLock { $0.contains(message.key) }, "\(message.topic) \(message.key)")
                    }
                }
            }
        }

        private func expectValid(_ bytes: [UInt8], as schema: String) throws {
            let value = try JSONValue(parsing: bytes)
            let violations = try #require(try JSONSchema.all()[schema]).violations(of: value)
            #expect(violations == [], "\(value)")
        }
    }
}
