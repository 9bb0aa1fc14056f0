import Messaging

/// One message at a time through an idle broker, from `publish` until the consuming task has it.
struct LatencyBench {
    let bodyBytes: Int
    let messages: Int

    func run() async throws -> (median: Double, p99: Double) {
        try await BrokerFixture.with { fixture in
            let body = [UInt8](repeating: 120, count: bodyBytes)
            let consumer = fixture.consumer.consume(topics: ["bench"], credit: 16)
            try await fixture.consumer.ping(timeout: .seconds(5))
            try await fixture.publisher.ping(timeout: .seconds(5))
            var nanoseconds: [UInt64] = []
            var iterator = consumer.makeAsyncIterator()
            for number in 0..<messages {
                let start = BusBench.now()
                fixture.publisher.publish(topic: "bench", key: String(number), body: body)
                let batch = await iterator.next()
                nanoseconds.append(BusBench.now() - start)
                for message in batch ?? [] { message.finish() }
            }
            nanoseconds.sort()
            return (
                Double(nanoseconds[messages / 2]) / 1_000, Double(nanoseconds[messages * 99 / 100]) / 1_000
            )
        }
    }
}
