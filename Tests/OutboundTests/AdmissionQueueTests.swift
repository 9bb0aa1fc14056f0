import Testing

@testable import Outbound

@Suite("Admission queue")
struct AdmissionQueueTests {
    private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    private func add(_ number: Int, _ origin: String, to queue: inout AdmissionQueue<Int>) {
        let hasRoom = queue.append(number, origin: origin)
        #expect(hasRoom)
    }

    /// Takes everything that may go now, and tells every host that it is reachable on the way.
    private func takeAll(_ queue: inout AdmissionQueue<Int>) -> [(element: Int, host: AdmissionQueue<Int>.Host)] {
        var taken: [(element: Int, host: AdmissionQueue<Int>.Host)] = []
        while let next = queue.next(now: start) {
            queue.becameReachable(next.host, resolvedAt: start)
            taken.append(next)
        }
        return taken
    }

    @Test func oneRequestLeadsTheWayToAnUnknownHost() {
        var queue = AdmissionQueue<Int>(inFlightMax: 10, perHostMax: 10, waitingMax: 10)
        for number in 1...3 { add(number, "a", to: &queue) }
        let first = queue.next(now: start)
        #expect(first?.element == 1)
        let second = queue.next(now: start)
        #expect(second == nil)
        if let host = first?.host { queue.becameReachable(host, resolvedAt: start) }
        let rest = takeAll(&queue)
        #expect(rest.map(\.element) == [2, 3])
    }

    @Test func hostWhoseFirstRequestFailedIsTriedAgainByTheNext() {
        var queue = AdmissionQueue<Int>(inFlightMax: 10, perHostMax: 10, waitingMax: 10)
        for number in 1...2 { add(number, "a", to: &queue) }
        if let host = queue.next(now: start)?.host { queue.release(host) }
        let next = queue.next(now: start)
        #expect(next?.element == 2)
    }

    @Test func idleHostIsUnknownAgainWhenItsNameHasExpired() {
        var queue = AdmissionQueue<Int>(inFlightMax: 10, perHostMax: 10, waitingMax: 10)
        add(1, "a", to: &queue)
        for (_, host) in takeAll(&queue) { queue.release(host) }
        for number in 2...3 { add(number, "a", to: &queue) }
        let later = start + .seconds(61)
        let leader = queue.next(now: later)
        #expect(leader?.element == 2)
        let follower = queue.next(now: later)
        #expect(follower == nil)
    }

    @Test func boundPerHostHoldsUntilAPlaceIsGivenBack() {
        var queue = AdmissionQueue<Int>(inFlightMax: 10, perHostMax: 2, waitingMax: 10)
        for number in 1...4 { add(number, "a", to: &queue) }
        let taken = takeAll(&queue)
        #expect(taken.map(\.element) == [1, 2])
        #expect(!queue.hasNext)
        queue.release(taken[0].host)
        let next = takeAll(&queue)
        #expect(next.map(\.element) == [3])
        #expect(queue.waitingCount == 1)
    }

    @Test func boundInAllHoldsAndHostsTakeTurns() {
        var queue = AdmissionQueue<Int>(inFlightMax: 4, perHostMax: 4, waitingMax: 100)
        for number in 1...10 { add(number, "a", to: &queue) }
        for number in 11...12 { add(number, "b", to: &queue) }
        let taken = takeAll(&queue)
        #expect(taken.map(\.element) == [1, 11, 2, 12])
        #expect(queue.inFlight == 4)
        for (_, host) in taken { queue.release(host) }
        let later = takeAll(&queue)
        #expect(later.map(\.element) == [3, 4, 5, 6])
    }

    @Test func fullQueueRefusesAndTakesAgainWhenItHasRoom() {
        var queue = AdmissionQueue<Int>(inFlightMax: 1, perHostMax: 1, waitingMax: 2)
        add(1, "a", to: &queue)
        add(2, "a", to: &queue)
        let hasRoom = queue.append(3, origin: "b")
        #expect(!hasRoom)
        _ = queue.next(now: start)
        add(4, "b", to: &queue)
    }

    @Test func extractedRequestsAreCountedOutAndTheRestKeepsItsOrder() {
        var queue = AdmissionQueue<Int>(inFlightMax: 10, perHostMax: 10, waitingMax: 10)
        for number in 1...6 { add(number, "a", to: &queue) }
        let even = queue.extractWaiting { $0.isMultiple(of: 2) }
        #expect(even == [2, 4, 6])
        #expect(queue.waitingCount == 3)
        let odd = takeAll(&queue)
        #expect(odd.map(\.element) == [1, 3, 5])
    }

    @Test func queueOfManyKeepsItsOrder() {
        var queue = FIFO<Int>()
        var expected = 0
        for number in 0..<1000 {
            queue.append(number)
            if number.isMultiple(of: 3) {
                let number = queue.popFirst()
                #expect(number == expected)
                expected += 1
            }
        }
        while let number = queue.popFirst() {
            #expect(number == expected)
            expected += 1
        }
        #expect(expected == 1000)
        #expect(queue.isEmpty)
    }
}
