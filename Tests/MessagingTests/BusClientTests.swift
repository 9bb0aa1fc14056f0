import Logging
import Messaging
import Testing

/// What a client does without any broker; with one it is tested in BusTests.
@Suite("Bus client without a broker", .timeLimit(.minutes(10)))
struct BusClientTests {
    /// A port of the discard protocol on loopback, where nobody listens.
    private func client(_ change: (inout BusConfiguration) -> Void = { _ in }) throws -> BusClient {
        var configuration = BusConfiguration(endpoints: ["tcp://127.0.0.1:9"])
        configuration.closeTimeout = .milliseconds(10)
        change(&configuration)
        return try BusClient(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func hintsWaitMergeAndDropTheOldest() async throws {
        let client = try client { $0.outboxMessagesMax = 10 }
        for number in 0..<15 { client.publish(topic: "t", key: "\(number)", body: []) }
        client.publish(topic: "t", key: "14", body: [1])
        let statistics = client.statistics
        #expect(statistics.published == 16 && statistics.merged == 1)
        #expect(statistics.dropped == 5 && statistics.outboxWaiting == 10)
        await client.close()
    }

    @Test func tenMegabytesAreRefusedBeforeTheyAreSent() async throws {
        let client = try client()
        let body = [UInt8](repeating: 0, count: 10 << 20)
        guard case .refused(let refusal) = client.publish(topic: "t", key: "", body: body) else {
            Issue.record("a hint of 10 MB was accepted")
            return
        }
        #expect(refusal.code == .tooLarge && refusal.message.contains("10485760"))
        let error = await #expect(throws: MessagingError.self) {
            try await client.request(topic: "t", key: "", body: body, timeout: .seconds(60))
        }
        #expect(error?.code == .tooLarge)
        #expect(client.statistics.refused == 1)
        await client.close()
    }

    @Test func aCommandTimesOut() async throws {
        let client = try client()
        let error = await #expect(throws: MessagingError.self) {
            try await client.request(topic: "t", key: "", body: [], timeout: .milliseconds(20))
        }
        #expect(error?.code == .timeout)
        await client.close()
    }

    @Test func aCancelledTaskStopsWaitingForItsAnswer() async throws {
        let client = try client()
        let task = Task { try await client.request(topic: "t", key: "", body: [], timeout: .seconds(3_600)) }
        task.cancel()
        let error = await #expect(throws: MessagingError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        await client.close()
    }

    @Test func requestsAreBounded() async throws {
        let client = try client { $0.requestsMax = 1 }
        let first = Task { try await client.request(topic: "t", key: "", body: [], timeout: .seconds(3_600)) }
        let second = Task { try await client.request(topic: "t", key: "", body: [], timeout: .seconds(3_600)) }
        let codes = await withTaskGroup(of: MessagingError.Code?.self) { group in
            for task in [first, second] {
                group.addTask {
                    do {
                        _ = try await task.value
                        return nil
                    } catch {
                        return (error as? MessagingError)?.code
                    }
                }
            }
            // One is refused at once; closing ends the other.
            let refused = await group.next()
            await client.close()
            return [refused, await group.next()]
        }
        #expect(codes == [.overloaded, .closed])
    }

    @Test func closingEndsEverythingAndLaterCallsSaySo() async throws {
        let client = try client()
        let consumer = client.consume(topics: ["t"], credit: 1)
        let consuming = Task { for await _ in consumer {} }
        await client.close()
        await consuming.value
        await client.close()
        guard case .refused(let refusal) = client.publish(topic: "t", key: "", body: []) else {
            Issue.record("a closed client accepted a hint")
            return
        }
        #expect(refusal.code == .closed)
        let error = await #expect(throws: MessagingError.self) { try await client.ping(timeout: .seconds(1)) }
        #expect(error?.code == .closed)
        for await _ in client.consume(topics: ["t"], credit: 1) { Issue.record("a closed client consumed") }
    }

    @Test func aRemoteEndpointNeedsKeys() throws {
        let error = #expect(throws: MessagingError.self) {
            try client { $0.endpoints = ["tcp://192.0.2.1:5555"] }
        }
        #expect(error?.code == .insecureConnect)
    }

    @Test func anEndpointThatIsNoneIsRefused() throws {
        for endpoints in [[], ["nonsense"]] {
            let error = #expect(throws: MessagingError.self) { try client { $0.endpoints = endpoints } }
            #expect(error?.code == .invalidEndpoint)
        }
    }

    @Test func observingNeedsAnEndpoint() async throws {
        let client = try client()
        #expect(throws: MessagingError.self) { try client.observe(topicPrefixes: [""]) }
        await client.close()
    }
}
