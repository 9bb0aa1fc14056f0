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
    private let now = ContinuousClock.now
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
        while let call = schedule.begin(now) { begun.append(call.ready) }
        return begun
    }

    /// Lets a source have this many calls under way.
    private func permit(_ schedule: inout CallSchedule, _ source: ReadySource, _ slots: Int) {
        let permit = CallPermit(source: source, slots: slots, target: slots, startsWithin: .zero)
        _ = schedule.permit([permit], of: [], asked: now, now)
    }

    @Test func sourcesTakeTurnsInBeingClaimedFrom() {
        var schedule = schedule()
        permit(&schedule, first, 100)
        permit(&schedule, second, 100)
        let news = [schedule.offer(first, now), schedule.offer(second, now), schedule.offer(first, now)]
        #expect(news == [true, true, false])
        #expect(schedule.takeTurn(now)?.source == first)
        _ = schedule.offer(first, now)
        #expect(schedule.takeTurn(now)?.source == second)
        #expect(schedule.takeTurn(now)?.source == first)
        #expect(schedule.takeTurn(now) == nil)
    }

    @Test func aSourceForWhichNothingCanBeDoneIsLeftAloneForAWhile() throws {
        var schedule = schedule()
        permit(&schedule, first, 100)
        permit(&schedule, second, 100)
        _ = schedule.offer(first, now)
        #expect(schedule.takeTurn(now)?.source == first)
        schedule.holdBack(first, until: now + .seconds(30), now)
        let news = [schedule.offer(first, now + .seconds(29)), schedule.offer(second, now)]
        #expect(news == [false, true])
        #expect(schedule.takeTurn(now)?.source == second && schedule.takeTurn(now) == nil)
        // Its permit goes back, and nothing is asked of it meanwhile.
        let askings = schedule.takeAskings(now + .seconds(1)).filter { $0.source == first }
        #expect(askings.map(\.wanted) == [0])
        let returned = CallPermit(source: first, slots: 0, target: 0, startsWithin: .zero)
        _ = schedule.permit([returned], of: askings, asked: now, now + .seconds(1))
        _ = schedule.offer(first, now + .seconds(29))
        let meanwhile = schedule.takeAskings(now + .seconds(29))
        #expect(!meanwhile.contains { $0.source == first })
        let isNews = schedule.offer(first, now + .seconds(30))
        let afterwards = schedule.takeAskings(now + .seconds(30))
        #expect(isNews && afterwards.contains { $0.source == first && $0.wanted > 0 })
    }

    @Test func sourcesTakeTurnsInBeingCalled() throws {
        var schedule = schedule(calls: 4)
        permit(&schedule, first, 100)
        schedule.add(try calls(3, of: first), of: first, now)
        permit(&schedule, second, 100)
        schedule.add(try calls(3, of: second), of: second, now)
        #expect(begin(&schedule) == [first, second, first, second])
    }

    @Test func callsThatNeedNotBeMadeAreTakenOutAndTheirOutcomesCount() throws {
        var schedule = schedule(calls: 10, unrecorded: 2)
        let waiting = try calls(5, of: first)
        schedule.add(waiting, of: first, now)
        let over = Set(waiting.suffix(2).map(\.exchange.id))
        let taken = schedule.withdraw({ over.contains($0.exchange.id) }, now)
        #expect(Set(taken.map(\.exchange.id)) == over && schedule.waiting == 3)
        // Two outcomes wait to be recorded, which is the most.
        permit(&schedule, first, 100)
        #expect(begin(&schedule).isEmpty)
        schedule.recorded(1, bytes: 0)
        #expect(begin(&schedule).count == 3)
        schedule.addOutcome()
        schedule.add(try calls(1, of: first), of: first, now)
        #expect(begin(&schedule).isEmpty)
    }

    @Test func aSourceIsClaimedAheadOfItsCallsAndCalledWithinItsConcurrency() throws {
        var schedule = schedule(calls: 100, claim: 50)
        permit(&schedule, first, 3)
        _ = schedule.offer(first, now)
        #expect(schedule.takeTurn(now)?.exchanges == 6)
        permit(&schedule, first, 3)
        schedule.add(try calls(6, of: first), of: first, now)
        #expect(begin(&schedule).count == 3)
        #expect(schedule.waiting == 3)
        _ = schedule.offer(first, now)
        #expect(schedule.takeTurn(now) == nil)
        schedule.end(first, bytes: 0, now)
        #expect(begin(&schedule).count == 1)
        #expect(schedule.calling == 3)
    }

    @Test func aFurtherClaimWaitsUntilItIsWorthAStatement() throws {
        var schedule = schedule(calls: 10, claim: 10)
        permit(&schedule, first, 100)
        schedule.add(try calls(20, of: first), of: first, now)
        _ = begin(&schedule)
        _ = schedule.offer(first, now)
        for _ in 0..<4 {
            schedule.end(first, bytes: 0, now)
            _ = schedule.begin(now)
            #expect(!schedule.hasTurn(now))
        }
        schedule.end(first, bytes: 0, now)
        #expect(schedule.takeTurn(now)?.exchanges == 5)
    }

    @Test func aSaturatedSourceHoldsUpNoOther() throws {
        var schedule = schedule()
        permit(&schedule, first, 1)
        schedule.add(try calls(2, of: first), of: first, now)
        permit(&schedule, second, 100)
        schedule.add(try calls(2, of: second), of: second, now)
        #expect(begin(&schedule) == [first, second, second])
        _ = schedule.offer(first, now)
        _ = schedule.offer(second, now)
        #expect(schedule.takeTurn(now)?.source == second)
    }

    @Test func aLargeSourceHasItsTurnBesideManySmallOnes() throws {
        var schedule = schedule(calls: 100, claim: 100)
        permit(&schedule, second, 100)
        schedule.add(try calls(190, of: second), of: second, now)
        permit(&schedule, first, 100)
        schedule.add(try calls(2, of: first), of: first, now)
        _ = schedule.offer(first, now)
        #expect(schedule.takeTurn(now)?.exchanges == 8)
    }

    @Test func aSourceIsClaimedFromOnlyUnderAPermit() throws {
        var schedule = schedule()
        _ = schedule.offer(first, now)
        #expect(schedule.takeTurn(now) == nil)
        #expect(schedule.takeAskings(now) == [PermitAsking(source: first, wanted: 10, keep: 0, starts: 0)])
        // Once is enough.
        #expect(schedule.takeAskings(now).isEmpty)
        permit(&schedule, first, 2)
        #expect(schedule.takeTurn(now)?.exchanges == 4)
    }

    @Test func nothingBeginsWhileTooMuchWaitsToBeRecorded() throws {
        var schedule = schedule(unrecorded: 2, bytes: 1_000)
        permit(&schedule, first, 100)
        schedule.add(try calls(5, of: first), of: first, now)
        _ = schedule.begin(now)
        _ = schedule.begin(now)
        schedule.end(first, bytes: 10, now)
        schedule.end(first, bytes: 10, now)
        permit(&schedule, second, 100)
        _ = schedule.offer(second, now)
        #expect(schedule.begin(now) == nil)
        #expect(!schedule.hasTurn(now))
        schedule.recorded(1, bytes: 10)
        #expect(schedule.begin(now) != nil)
        #expect(schedule.hasTurn(now))
        schedule.end(first, bytes: 990, now)
        #expect(schedule.begin(now) == nil)
        schedule.recorded(2, bytes: 1_000)
        #expect(schedule.begin(now) != nil)
    }

    @Test func whatHasNotBegunCanBeTakenOut() throws {
        var schedule = schedule(calls: 1)
        let claimed = try calls(3, of: first)
        permit(&schedule, first, 100)
        schedule.add(claimed, of: first, now)
        #expect(schedule.begin(now)?.exchange.id == claimed[0].exchange.id)
        #expect(schedule.removeWaiting().map(\.exchange.id) == claimed[1...].map(\.exchange.id))
        #expect(schedule.waiting == 0)
        schedule.end(first, bytes: 0, now)
        #expect(schedule.begin(now) == nil)
    }

    @Test func whatNobodyWantsIsTakenOutAndItsRoomIsFree() throws {
        var schedule = schedule(calls: 2, claim: 4)
        let own = try calls(4, of: first)
        let others = try calls(2, of: second)
        permit(&schedule, first, 100)
        schedule.add(own, of: first, now)
        permit(&schedule, second, 100)
        schedule.add(others, of: second, now)
        #expect(begin(&schedule) == [first, second])
        #expect(schedule.waitingExchanges.count == 4)
        // All of the first, the one under way too, which is not the schedule's to end.
        #expect(schedule.remove(Set(own.map(\.exchange.id)), now) == 3)
        #expect(schedule.waiting == 1 && schedule.calling == 2)
        schedule.end(first, bytes: 0, now)
        #expect(begin(&schedule) == [second])
        _ = schedule.offer(first, now)
        #expect(schedule.takeTurn(now)?.source == first)
        #expect(schedule.remove(Set(own.map(\.exchange.id)), now) == 0)
    }
}
