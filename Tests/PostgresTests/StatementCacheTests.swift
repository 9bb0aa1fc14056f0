import Testing

@testable import Postgres

@Suite("Statement cache") struct StatementCacheTests {
    private func key(_ name: String, _ types: [UInt32] = []) -> StatementCache.Key {
        StatementCache.Key(statement: Statement(name, "SELECT '\(name)'"), types: types[...])
    }

    private func name(_ answer: StatementCache.Answer) -> String {
        switch answer {
        case .missing(let name), .pending(let name), .prepared(let name): name
        }
    }

    @Test func aStatementIsMissingThenPendingThenPrepared() {
        var cache = StatementCache(capacity: 2)
        let name = name(cache.answer(for: key("a")))
        #expect(cache.answer(for: key("a")) == .pending(name: name))
        cache.confirm(key("a"))
        cache.flightEnded()
        #expect(cache.answer(for: key("a")) == .prepared(name: name))
    }

    @Test func whatWasNotConfirmedIsMissingAgainUnderAnotherName() {
        var cache = StatementCache(capacity: 2)
        let first = name(cache.answer(for: key("a")))
        cache.flightEnded()
        let second = cache.answer(for: key("a"))
        #expect(second == .missing(name: name(second)))
        #expect(name(second) != first)
        #expect(cache.discarded.isEmpty)
    }

    @Test func theLeastRecentlyUsedIsDiscarded() {
        var cache = StatementCache(capacity: 2)
        var names: [String: String] = [:]
        for letter in ["a", "b", "a", "c"] {
            names[letter] = name(cache.answer(for: key(letter)))
            cache.confirm(key(letter))
        }
        cache.flightEnded()
        #expect(cache.count == 2)
        #expect(cache.discarded == [names["b"]])
        cache.deallocated()
        #expect(cache.discarded.isEmpty)
    }

    @Test func namesArePlainAndShort() {
        var cache = StatementCache(capacity: 1)
        let name = name(cache.answer(for: key("run.insert \"ü\" " + String(repeating: "x", count: 100))))
        #expect(name.hasPrefix("weir_run_insert_"))
        #expect(name.utf8.count < 63)
        #expect(name.utf8.allSatisfy { $0 != UInt8(ascii: "\"") && $0 < 128 })
    }
}

@Suite("Back-off") struct ReconnectBackoffTests {
    @Test func pausesDoubleUpToTheMaximumAndBeginAgain() {
        var backoff = ReconnectBackoff(minimum: .milliseconds(50), maximum: .milliseconds(300))
        let longest = (0..<5).map { _ in backoff.pause { 1 } }
        #expect(longest == [50, 100, 200, 300, 300].map { .milliseconds($0) })
        backoff.reset()
        #expect(backoff.pause { 0 } == .milliseconds(25))
    }
}

@Suite("Event queue") struct EventQueueTests {
    @Test func tooManyEventsBecomeOneAdviceToLook() async {
        let queue = EventQueue(eventsMax: 3)
        for number in 0..<4 { queue.append(.notification(channel: "c", payload: "\(number)")) }
        queue.append(.notification(channel: "c", payload: "4"))
        #expect(await queue.next() == .resynchronize)
        #expect(await queue.next() == .notification(channel: "c", payload: "4"))
        queue.close()
        #expect(await queue.next() == nil)
    }

    @Test func whoeverWaitsIsServedAtOnceOrLetGo() async {
        let queue = EventQueue(eventsMax: 3)
        let served = Task { await queue.next() }
        queue.append(.resynchronize)
        #expect(await served.value == .resynchronize)
        let cancelled = Task { await queue.next() }
        cancelled.cancel()
        #expect(await cancelled.value == nil)
    }
}
