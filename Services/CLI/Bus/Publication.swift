import Messaging

/// One `weir publish`: its events, at its pace.
struct Publication {
    /// How long a command may take, and how long the bus may take to say that it has all hints.
    private static let timeout: Duration = .seconds(30)
    /// How long the bus may take to show that it is there.
    private static let greetingTimeout: Duration = .seconds(5)
    /// Commands that wait for their answers at the same time.
    private static let commandsInFlight = 64
    /// Hints that may wait in this process before they are let flow off.
    private static let outboxMax = 5_000

    let source: EventSource
    let key: String
    let count: Int
    let rate: Double?
    let console: Console

    /// Sends hints; returns what became of them, in words.
    func sendHints(_ client: BusClient, waits: Bool) async throws -> String {
        // Hints wait for a broker in a bounded outbox; without one they would only be lost at the end.
        try await client.ping(timeout: Self.greetingTimeout)
        let progress = ProgressLine(console: console)
        let startedAt = ContinuousClock.now
        for number in 0..<count {
            try await keepPace(number, since: startedAt)
            if case .refused(let error) = client.publish(topic: source.type, key: key, body: source.body(number)) {
                throw error
            }
            if number % 256 == 255 {
                progress.show(number + 1, of: count, "event")
                // Hints have no back-pressure: what exceeds the outbox would be dropped instead of published.
                while client.statistics.outboxWaiting > Self.outboxMax { try await Task.sleep(for: .milliseconds(1)) }
            }
        }
        if waits { try await client.ping(timeout: Self.timeout) }
        progress.finish()
        let merged = client.statistics.merged
        let took = DurationText.of(ContinuousClock.now - startedAt)
        return "published \(count) of type \(source.type)"
            + (merged > 0 ? ", \(merged) merged with one that waited" : "") + " in \(took)"
    }

    /// Sends commands, some at the same time, and gathers the replies.
    func sendCommands(_ client: BusClient) async throws -> CommandReplies {
        try await client.ping(timeout: Self.greetingTimeout)
        let progress = ProgressLine(console: console)
        defer { progress.finish() }
        let startedAt = ContinuousClock.now
        return try await withThrowingTaskGroup(of: (event: String, reply: BusReply).self) { group in
            var replies = CommandReplies()
            var answered = 0
            for number in 0..<count {
                if number >= Self.commandsInFlight, let answer = try await group.next() {
                    replies.add(answer.reply, to: answer.event)
                    answered += 1
                    progress.show(answered, of: count, "command")
                }
                try await keepPace(number, since: startedAt)
                let body = source.body(number)
                group.addTask { [source, key] in
                    let reply = try await client.request(
                        topic: source.type, key: key, body: body, timeout: Self.timeout)
                    return (source.eventID(number), reply)
                }
            }
            for try await answer in group { replies.add(answer.reply, to: answer.event) }
            return replies
        }
    }

    private func keepPace(_ number: Int, since start: ContinuousClock.Instant) async throws {
        guard let rate else { return }
        let due = start + .seconds(Double(number) / rate)
        // The rate that the caller asked for.
        if due > .now { try await Task.sleep(until: due, clock: .continuous) }
    }
}

/// What came back to commands.
struct CommandReplies {
    /// Bodies that are kept to be shown; all are counted.
    private static let keptMax = 1_000

    /// What was answered, and to which event.
    private(set) var accepted: [(event: String, body: [UInt8])] = []
    private(set) var acceptedCount = 0
    /// Code and reason of each refusal.
    private(set) var rejected: [(code: String, reason: String)] = []

    mutating func add(_ reply: BusReply, to event: String) {
        switch reply.status {
        case .ok:
            acceptedCount += 1
            if accepted.count < Self.keptMax { accepted.append((event, reply.body)) }
        case .rejected(let code, let reason): rejected.append((code, reason))
        }
    }
}
