import Contracts
import Testing

@testable import Executor
@testable import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Call schedule")
struct CallScheduleTests {
    private let first = ReadySource(org: OrgID(UUID()), source: SourceID(UUID()))
    private let second = ReadySource(org: OrgID(UUID()), source: SourceID(UUID()))

    private func schedule(calls: Int = 10, claim: Int = 5, unrecorded: Int = 100, bytes: Int = 1_000) -> CallSchedule {
        CallSchedule(
            limits: .init(callsMax: calls, claimMax: claim, unrecordedMax: unrecorded, unrecordedBytesMax: bytes))
    }

    private func calls(_ count: Int, of ready: ReadySource) throws -> [Call] {
        let source = try PreparedSource.fixture(ready)
        return (0..<count).map { _ in
            let exchange = ClaimedExchange(
                id: RunRequestID(UUID()), org: ready.org, source: ready.source, sourceVersion: 1, runs: [])
            return Call(exchange: exchange, worker: WorkerID(UUID()), source: source, ready: ready)
        }
    }

    private func begin(_ schedule: inout CallSchedule) -> [ReadySource] {
        var begun: [ReadySource] = []
        while let call = schedule.begin() { begun.append(call.ready) }
        return begun
    }

    @Test func sourcesTakeTurnsInBeingClaimedFrom() {
        var schedule = schedule()
        let news = [schedule.offer(first), schedule.offer(second), schedule.offer(first)]
        #expect(news == [true, true, false])
        #expect(schedule.takeTurn()?.source == first)
        _ = schedule.offer(first)
        #expect(schedule.takeTurn()?.source == second)
        #expect(schedule.takeTurn()?.source == first)
        #expect(schedule.takeTurn() == nil)
    }

    @Test func sourcesTakeTurnsInBeingCalled() throws {
        var schedule = schedule(calls: 4)
        schedule.add(try calls(3, of: first), of: first, concurrency: 100)
        schedule.add(try calls(3, of: second), of: second, concurrency: 100)
        #expect(begin(&schedule) == [first, second, first, second])
    }

    @Test func aSourceIsClaimedAheadOfItsCallsAndCalledWithinItsConcurrency() throws {
        var schedule = schedule(calls: 100, claim: 50)
        schedule.limit(first, to: 3)
        _ = schedule.offer(first)
        #expect(schedule.takeTurn()?.exchanges == 6)
        schedule.add(try calls(6, of: first), of: first, concurrency: 3)
        #expect(begin(&schedule).count == 3)
        #expect(schedule.waiting == 3)
        _ = schedule.offer(first)
        #expect(schedule.takeTurn() == nil)
        schedule.end(first, bytes: 0)
        #expect(begin(&schedule).count == 1)
        #expect(schedule.calling == 3)
    }

    @Test func aFurtherClaimWaitsUntilItIsWorthAStatement() throws {
        var schedule = schedule(calls: 10, claim: 10)
        schedule.add(try calls(20, of: first), of: first, concurrency: 100)
        _ = begin(&schedule)
        _ = schedule.offer(first)
        for _ in 0..<4 {
            schedule.end(first, bytes: 0)
            _ = schedule.begin()
            #expect(!schedule.hasTurn)
        }
        schedule.end(first, bytes: 0)
        #expect(schedule.takeTurn()?.exchanges == 5)
    }

    @Test func aSaturatedSourceHoldsUpNoOther() throws {
        var schedule = schedule()
        schedule.add(try calls(2, of: first), of: first, concurrency: 1)
        schedule.add(try calls(2, of: second), of: second, concurrency: 100)
        #expect(begin(&schedule) == [first, second, second])
        _ = schedule.offer(first)
        _ = schedule.offer(second)
        #expect(schedule.takeTurn()?.source == second)
    }

    @Test func aLargeSourceHasItsTurnBesideManySmallOnes() throws {
        var schedule = schedule(calls: 100, claim: 100)
        schedule.add(try calls(190, of: second), of: second, concurrency: 100)
        schedule.add(try calls(2, of: first), of: first, concurrency: 100)
        _ = schedule.offer(first)
        #expect(schedule.takeTurn()?.exchanges == 8)
    }

    @Test func aClaimThatBroughtNothingLeavesNothing() {
        var schedule = schedule()
        schedule.limit(first, to: 1)
        schedule.add([], of: first, concurrency: 1)
        _ = schedule.offer(first)
        #expect(schedule.takeTurn()?.exchanges == 5)
    }

    @Test func nothingBeginsWhileTooMuchWaitsToBeRecorded() throws {
        var schedule = schedule(unrecorded: 2, bytes: 1_000)
        schedule.add(try calls(5, of: first), of: first, concurrency: 100)
        _ = schedule.begin()
        _ = schedule.begin()
        schedule.end(first, bytes: 10)
        schedule.end(first, bytes: 10)
        _ = schedule.offer(second)
        #expect(schedule.begin() == nil)
        #expect(!schedule.hasTurn)
        schedule.recorded(1, bytes: 10)
        #expect(schedule.begin() != nil)
        #expect(schedule.hasTurn)
        schedule.end(first, bytes: 990)
        #expect(schedule.begin() == nil)
        schedule.recorded(2, bytes: 1_000)
        #expect(schedule.begin() != nil)
    }

    @Test func whatHasNotBegunCanBeTakenOut() throws {
        var schedule = schedule(calls: 1)
        let claimed = try calls(3, of: first)
        schedule.add(claimed, of: first, concurrency: 100)
        #expect(schedule.begin()?.exchange.id == claimed[0].exchange.id)
        #expect(schedule.removeWaiting().map(\.exchange.id) == claimed[1...].map(\.exchange.id))
        #expect(schedule.waiting == 0)
        schedule.end(first, bytes: 0)
        #expect(schedule.begin() == nil)
    }

    @Test func whatNobodyWantsIsTakenOutAndItsRoomIsFree() throws {
        var schedule = schedule(calls: 2, claim: 4)
        let own = try calls(4, of: first)
        let others = try calls(2, of: second)
        schedule.add(own, of: first, concurrency: 100)
        schedule.add(others, of: second, concurrency: 100)
        #expect(begin(&schedule) == [first, second])
        #expect(schedule.waitingExchanges.count == 4)
        // All of the first, the one under way too, which is not the schedule's to end.
        #expect(schedule.remove(Set(own.map(\.exchange.id))) == 3)
        #expect(schedule.waiting == 1 && schedule.calling == 2)
        schedule.end(first, bytes: 0)
        #expect(begin(&schedule) == [second])
        _ = schedule.offer(first)
        #expect(schedule.takeTurn()?.source == first)
        #expect(schedule.remove(Set(own.map(\.exchange.id))) == 0)
    }
}
