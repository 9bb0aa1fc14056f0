import Testing

@testable import Postgres

@Suite("Pool state machine") struct PoolStateMachineTests {
    private typealias Machine = PoolStateMachine<String>
    private let start = ContinuousClock.now

    private func machine(_ connections: Int, waitersMax: Int = 100, timeout: Duration = .seconds(10)) -> Machine {
        Machine(connectionsMax: connections, waitersMax: waitersMax, acquireTimeout: timeout)
    }

    private func submit(_ machine: inout Machine, _ waiter: String, ticket: Int, after: Duration = .zero) -> String {
        describe(machine.submit(waiter, ticket: ticket, now: start.advanced(by: after)))
    }

    private func describe(_ action: Machine.SubmitAction) -> String {
        switch action {
        case .assign(let waiter, let slot): "\(waiter) on \(slot)"
        case .wait(let slot, let deadline):
            "wait" + (slot.map { ", open \($0)" } ?? "")
                + (deadline.map { ", until \(start.duration(to: $0).components.seconds)" } ?? "")
        case .refuse(_, .closed): "closed"
        case .refuse(_, .tooManyWaiters(let count)): "too many: \(count)"
        }
    }

    private func describe(_ action: Machine.FreeAction) -> String {
        switch action {
        case .none: "none"
        case .assign(let waiter): waiter
        case .close: "close"
        }
    }

    @Test func connectionsAreOpenedOneByOneForThoseWhoWait() {
        var machine = machine(2)
        #expect(submit(&machine, "a", ticket: 1) == "wait, open 0, until 10")
        #expect(submit(&machine, "b", ticket: 2) == "wait, open 1")
        #expect(submit(&machine, "c", ticket: 3) == "wait")
        #expect(describe(machine.ready(1)) == "a")
        #expect(describe(machine.ready(0)) == "b")
        #expect(describe(machine.finished(1)) == "c")
        #expect(describe(machine.finished(0)) == "none")
        #expect(machine.idleCount == 1)
        #expect(submit(&machine, "d", ticket: 4) == "d on 0")
    }

    @Test func theConnectionUsedLastIsUsedNext() {
        var machine = machine(2)
        for (ticket, waiter) in ["a", "b"].enumerated() { _ = submit(&machine, waiter, ticket: ticket) }
        _ = (machine.ready(0), machine.ready(1), machine.finished(1), machine.finished(0))
        #expect(submit(&machine, "c", ticket: 3) == "c on 0")
    }

    @Test func theQueueIsBounded() {
        var machine = machine(1, waitersMax: 2)
        _ = submit(&machine, "a", ticket: 1)
        _ = submit(&machine, "b", ticket: 2)
        #expect(submit(&machine, "c", ticket: 3) == "too many: 2")
        #expect(machine.waiterCount == 2)
    }

    @Test func waitersExpireInOrderAndTellWhenToLookAgain() {
        var machine = machine(1)
        #expect(submit(&machine, "a", ticket: 1) == "wait, open 0, until 10")
        #expect(submit(&machine, "b", ticket: 2, after: .seconds(3)) == "wait")
        let first = machine.expire(now: start.advanced(by: .seconds(10)))
        #expect(first.expired == ["a"])
        #expect(first.next == start.advanced(by: .seconds(13)))
        let second = machine.expire(now: start.advanced(by: .seconds(13)))
        #expect(second.expired == ["b"])
        #expect(second.next == nil)
        // Nobody looks any more, so the next one asks again for somebody to look.
        #expect(submit(&machine, "c", ticket: 3, after: .seconds(20)) == "wait, until 30")
    }

    @Test func whoCancelsLosesHisPlaceOnlyWhileHeWaits() {
        var machine = machine(1)
        for (ticket, waiter) in ["a", "b", "c"].enumerated() { _ = submit(&machine, waiter, ticket: ticket) }
        #expect(machine.cancel(ticket: 1) == "b")
        #expect(machine.cancel(ticket: 1) == nil)
        #expect(describe(machine.ready(0)) == "a")
        #expect(machine.cancel(ticket: 0) == nil)
        #expect(describe(machine.finished(0)) == "c")
    }

    @Test func aLeaseOutlivesItsSession() {
        var machine = machine(1)
        _ = submit(&machine, "a", ticket: 1)
        _ = machine.ready(0)
        machine.lost(0)
        #expect(machine.connectionCount == 0)
        #expect(submit(&machine, "b", ticket: 2) == "wait")
        // A new session is there, but the lease has not been given back.
        #expect(describe(machine.ready(0)) == "none")
        #expect(describe(machine.finished(0)) == "b")
    }

    @Test func aConnectionThatIsLostWhileIdleIsNotGivenAway() {
        var machine = machine(1)
        _ = submit(&machine, "a", ticket: 1)
        _ = (machine.ready(0), machine.finished(0))
        machine.lost(0)
        #expect(machine.idleCount == 0)
        #expect(submit(&machine, "b", ticket: 2) == "wait")
        #expect(describe(machine.ready(0)) == "b")
    }

    @Test func whoComesBackGoesFirst() {
        var machine = machine(1)
        _ = submit(&machine, "a", ticket: 1)
        _ = machine.ready(0)
        _ = submit(&machine, "b", ticket: 2)
        machine.lost(0)
        #expect(describe(machine.returned(0, "a", ticket: 1, now: start.advanced(by: .seconds(5)))) == "wait")
        #expect(describe(machine.ready(0)) == "a")
        #expect(describe(machine.finished(0)) == "b")
    }

    @Test func closingWaitsForLeases() {
        var machine = machine(3)
        for (ticket, waiter) in ["a", "b"].enumerated() { _ = submit(&machine, waiter, ticket: ticket) }
        _ = (machine.ready(0), machine.ready(1), machine.finished(1))
        let closing = machine.close()
        #expect(closing.slots == [1])
        #expect(closing.refused.isEmpty)
        #expect(submit(&machine, "c", ticket: 3) == "closed")
        machine.closed(1)
        #expect(!machine.isClosed)
        #expect(describe(machine.finished(0)) == "close")
        machine.closed(0)
        #expect(machine.isClosed)
    }

    @Test func closingRefusesThoseWhoWait() {
        var machine = machine(1)
        for (ticket, waiter) in ["a", "b"].enumerated() { _ = submit(&machine, waiter, ticket: ticket) }
        let closing = machine.close()
        #expect(closing.refused == ["a", "b"])
        #expect(closing.slots == [0])
        #expect(describe(machine.ready(0)) == "close")
    }

    @Test func aThreadThatCouldNotStartLeavesItsPlaceFree() {
        var machine = machine(1)
        #expect(submit(&machine, "a", ticket: 1) == "wait, open 0, until 10")
        machine.openFailed(0)
        #expect(submit(&machine, "b", ticket: 2) == "wait, open 0")
    }
}

@Suite("Queue of waiters") struct WaiterQueueTests {
    private let deadline = ContinuousClock.now

    @Test func placesOfThoseWhoLeftAreSweptAway() {
        var queue = WaiterQueue<Int>()
        queue.append(0, ticket: 0, deadline: deadline)
        for ticket in 1...10_000 {
            queue.append(ticket, ticket: ticket, deadline: deadline)
            #expect(queue.remove(ticket: ticket) == ticket)
        }
        queue.append(1, ticket: 20_000, deadline: deadline)
        #expect(queue.placeCount < 100)
        #expect(queue.removeAll() == [0, 1])
    }

    @Test func whoIsPutBackNeverExpiresLaterThanThoseBehind() {
        var queue = WaiterQueue<String>()
        queue.append("a", ticket: 1, deadline: deadline)
        queue.prepend("b", ticket: 2, deadline: deadline.advanced(by: .seconds(5)))
        #expect(queue.first?.waiter == "b")
        #expect(queue.first?.deadline == deadline)
        #expect(queue.popFirst() == "b")
        queue.prepend("c", ticket: 3, deadline: deadline)
        #expect(queue.removeAll() == ["c", "a"])
    }
}
