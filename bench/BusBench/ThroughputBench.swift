import Messaging

/// Hints with distinct keys from one publisher to one consumer; none may be lost.
struct ThroughputBench {
    let bodyBytes: Int
    let messages: Int
    /// Messages under way at most, so that nothing is measured but the bus and no outbox overflows.
    private static let window = 16_384

    struct Shortfall: Error {
        let received: Int
        let expected: Int
    }

    func run() async throws -> Int {
        try await BrokerFixture.with { fixture in
            let consumer = fixture.consumer.consume(topics: ["bench"], credit: 8_192)
            try await fixture.consumer.ping(timeout: .seconds(5))
            try await fixture.publisher.ping(timeout: .seconds(5))
            let (progress, report) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
            let start = BusBench.now()
            async let received = receive(from: consumer, report: report)
            await publish(with: fixture.publisher, progress: progress)
            let count = await received
            let nanoseconds = BusBench.now() - start
            guard count == messages else { throw Shortfall(received: count, expected: messages) }
            return Int(Double(messages) / (Double(nanoseconds) / 1e9))
        }
    }

    private func publish(with client: BusClient, progress: AsyncStream<Int>) async {
        let body = [UInt8](repeating: 120, count: bodyBytes)
        var progress = progress.makeAsyncIterator()
        var received = 0
        for number in 0..<messages {
            while number - received >= Self.window, let count = await progress.next() { received = count }
            client.publish(topic: "bench", key: String(number), body: body)
        }
    }

    private func receive(from consumer: BusConsumer, report: AsyncStream<Int>.Continuation) async -> Int {
        var count = 0
        for await batch in consumer {
            for message in batch { message.finish() }
            count += batch.count
            report.yield(count)
            if count >= messages { break }
        }
        report.finish()
        return count
    }
}
