import JSON

/// Clients that submit one request after the other, for objects that the API knows, does not know, or is slow about.
struct ChaosLoad: Sendable {
    /// A request that was accepted.
    struct Accepted: Sendable {
        let id: String
        let names: [String]
        /// Objects that the API does not know.
        let missing: Set<String>
    }

    private static let clientCount = 8
    private let platform: Platform
    private let seed: UInt64

    init(_ platform: Platform, seed: UInt64) {
        self.platform = platform
        self.seed = seed
    }

    /// Submits until the time is over, and gives all requests that were accepted, finished or not.
    func submit(for duration: Duration) async throws -> [Accepted] {
        let end = ContinuousClock.now + duration
        return try await withThrowingTaskGroup(of: [Accepted].self) { group in
            var random = SplitMix64(seed: seed)
            for client in 1...Self.clientCount {
                let own = random.split()
                group.addTask { try await beClient(client, until: end, own) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func beClient(
        _ client: Int, until end: ContinuousClock.Instant, _ generator: SplitMix64
    ) async throws -> [Accepted] {
        var random = generator
        var accepted: [Accepted] = []
        while ContinuousClock.now < end {
            let count = Int.random(in: 200...2_000, using: &random)
            let names = (1...count).map { "object \($0) of request \(accepted.count + 1) of client \(client)" }
            let asksDirectory = Int.random(in: 0..<3, using: &random) == 0
            let missing = asksDirectory ? [] : prepare(names, &random)
            if asksDirectory { delaySearches(for: names, &random) }
            let id = try await platform.client.submit(names, activity: asksDirectory ? "gather" : "enrich")
            accepted.append(Accepted(id: id, names: names, missing: missing))
            // The next one comes when this one is over, so that the load is what the services can bear.
            // Other processes end it, which send the test no signal.
            while ContinuousClock.now < end, try await !isOver(id) { try await Task.sleep(for: .milliseconds(50)) }
        }
        return accepted
    }

    /// Lets some of the searches, which are about 25 objects each, be late.
    private func delaySearches(for names: [String], _ random: inout SplitMix64) {
        for name in names where Int.random(in: 0..<100, using: &random) == 0 {
            platform.api.script(name, [.late(by: random.duration(in: 50...800), .silence)])
        }
    }

    private func isOver(_ id: String) async throws -> Bool {
        try await platform.client.request(id)["state"] == "delivered"
    }

    /// Tells the API how to answer about the objects; gives those that it shall not know.
    private func prepare(_ names: [String], _ random: inout SplitMix64) -> Set<String> {
        var missing: Set<String> = []
        for name in names {
            let right = StubReply.json(StubAPI.answer(name))
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<4: platform.api.script(name, [.late(by: random.duration(in: 50...800), right)])
            case 4..<6: platform.api.script(name, [.status(500), right])
            case 6:
                let late = StubReply.late(by: random.duration(in: 50...400), .status(500))
                platform.api.script(name, [late, .status(503), right])
            case 7:
                platform.api.script(name, [.status(404)])
                missing.insert(name)
            default: break
            }
        }
        return missing
    }
}
