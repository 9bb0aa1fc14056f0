import Contracts
import Testing

@testable import Executor
@testable import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What an executor may do for a source under its permit, with time moved by hand.
@Suite("Call lane")
struct CallLaneTests {
    private let source = ReadySource(org: OrgID(UUID()), source: SourceID(UUID()))
    private let start = ContinuousClock.now

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    private func schedule(_ permit: CallPermit, calls: Int) throws -> CallSchedule {
        var schedule = CallSchedule(
            limits: .init(callsMax: 100, claimMax: 50, unrecordedMax: 1_000, unrecordedBytesMax: 1_000))
        _ = schedule.permit([permit], of: [], asked: start, start)
        try add(calls, to: &schedule)
        return schedule
    }

    private func add(_ count: Int, to schedule: inout CallSchedule) throws {
        let prepared = try PreparedSource.fixture(source)
        let calls = (0..<count).map { _ in
            let exchange = ClaimedExchange(
                id: RunRequestID(UUID()), org: source.org, source: source.source, sourceVersion: 1, runs: [])
            return Call(exchange: exchange, worker: WorkerID(UUID()), source: prepared, ready: source)
        }
        schedule.add(calls, of: source, start)
    }

    private func begun(_ schedule: inout CallSchedule, _ now: ContinuousClock.Instant) -> Int {
        var count = 0
        while schedule.begin(now) != nil { count += 1 }
        return count
    }

    private func permit(_ slots: Int, target: Int? = nil, starts: Int? = nil, wait: Duration = .zero) -> CallPermit {
        CallPermit(
            source: source, slots: slots, target: target ?? slots, starts: starts, startsWithin: .milliseconds(25),
            wait: wait)
    }

    @Test func callsBeginUpToThePermit() throws {
        var schedule = try schedule(permit(3), calls: 5)
        #expect(begun(&schedule, start) == 3)
        schedule.end(source, bytes: 0, start)
        #expect(begun(&schedule, start) == 1)
    }

    @Test func aPermitIsRenewedAndSaysWhatMayBeUnderWay() throws {
        var schedule = try schedule(permit(3), calls: 3)
        _ = begun(&schedule, start)
        #expect(schedule.takeAskings(at(999)).isEmpty)
        #expect(schedule.nextWake(at(999)) == at(1_000))
        #expect(schedule.takeAskings(at(1_000)) == [PermitAsking(source: source, wanted: 100, keep: 3, starts: 0)])
        // As long as others want some, it asks for no more than it has work for.
        let permit = CallPermit(source: source, slots: 3, target: 3, startsWithin: .zero, othersWant: true)
        _ = schedule.permit([permit], of: [], asked: at(1_000), at(1_000))
        #expect(schedule.takeAskings(at(2_000)) == [PermitAsking(source: source, wanted: 3, keep: 3, starts: 0)])
    }

    @Test func aPermitIsRenewedLessOftenAsLongAsNothingChanges() throws {
        var schedule = try schedule(permit(3), calls: 3)
        _ = begun(&schedule, start)
        var now = 1_000
        // Within the seven seconds that it holds, in any case.
        for interval in [2_000, 2_800, 2_800] {
            _ = schedule.permit([permit(3)], of: schedule.takeAskings(at(now)), asked: at(now), at(now))
            #expect(schedule.nextWake(at(now)) == at(now + interval))
            now += interval
        }
        _ = schedule.permit([permit(2)], of: schedule.takeAskings(at(now)), asked: at(now), at(now))
        #expect(schedule.nextWake(at(now)) == at(now + 1_000))
    }

    @Test func permitsThatWouldBeRenewedSoonAreRenewedTogether() throws {
        let other = ReadySource(org: source.org, source: SourceID(UUID()))
        var schedule = try schedule(permit(3), calls: 3)
        for (milliseconds, of) in [(200, source), (0, other)] {
            _ = schedule.offer(of, start)
            let permit = CallPermit(source: of, slots: 3, target: 3, startsWithin: .zero)
            _ = schedule.permit([permit], of: [], asked: at(milliseconds), at(milliseconds))
        }
        #expect(Set(schedule.takeAskings(at(1_000)).map(\.source)) == [source, other])
    }

    @Test func whoHasMoreToDoThanItMayCallSaysSoSoon() throws {
        var schedule = try schedule(permit(3), calls: 5)
        _ = begun(&schedule, start)
        #expect(schedule.takeAskings(at(49)).isEmpty)
        let askings = schedule.takeAskings(at(50))
        #expect(askings == [PermitAsking(source: source, wanted: 100, keep: 3, isBusy: true, starts: 0)])
        _ = schedule.permit([permit(4)], of: askings, asked: at(50), at(50))
        #expect(begun(&schedule, at(50)) == 1)
        #expect(schedule.nextWake(at(50)) == at(150))
    }

    @Test func whoWaitsForWhatOthersGiveBackAsksAgainSoonAndThenLessOften() throws {
        var schedule = try schedule(permit(1), calls: 5)
        _ = begun(&schedule, start)
        var now = 50
        for interval in [100, 200, 400, 800, 1_600, 2_800, 2_800] {
            // The others have not ended any of theirs yet: nothing changes.
            _ = schedule.permit([permit(1)], of: schedule.takeAskings(at(now)), asked: at(now), at(now))
            #expect(schedule.nextWake(at(now)) == at(now + interval))
            now += interval
        }
        _ = schedule.permit([permit(16)], of: schedule.takeAskings(at(now)), asked: at(now), at(now))
        #expect(begun(&schedule, at(now)) == 4)
    }

    @Test func whoWasGivenAllThatItAskedForAsksForMoreAsSoonAsThereIsMoreToDo() throws {
        var schedule = try schedule(
            CallPermit(source: source, slots: 9, target: 9, startsWithin: .zero, othersWant: true), calls: 2)
        _ = begun(&schedule, start)
        let askings = schedule.takeAskings(at(1_000))
        #expect(askings.map(\.wanted) == [2])
        _ = schedule.permit([permit(2)], of: askings, asked: at(1_000), at(1_000))
        #expect(schedule.takeAskings(at(1_060)).isEmpty)
        _ = schedule.offer(source, at(1_060))
        #expect(schedule.takeAskings(at(1_060)).map(\.wanted) == [100])
    }

    @Test func whatOthersAreToGetIsLeftAsCallsEnd() throws {
        var schedule = try schedule(permit(4), calls: 10)
        #expect(begun(&schedule, start) == 4)
        _ = schedule.takeAskings(at(1_000))
        _ = schedule.permit(
            [CallPermit(source: source, slots: 4, target: 2, startsWithin: .zero, othersWant: true)], of: [],
            asked: at(1_000),
            at(1_001))
        #expect(schedule.takeAskings(at(1_100)).isEmpty)
        for _ in 0..<2 { schedule.end(source, bytes: 0, at(1_100)) }
        #expect(begun(&schedule, at(1_100)) == 0)
        #expect(
            schedule.takeAskings(at(1_100)) == [
                PermitAsking(source: source, wanted: 8, keep: 2, isBusy: true, starts: 0)
            ])
    }

    @Test func callsThatMayHaveBegunMeanwhileAreKept() throws {
        // The cap says what may be under way while the question travels, not what is.
        var schedule = try schedule(permit(4), calls: 1)
        #expect(begun(&schedule, start) == 1)
        #expect(schedule.takeAskings(at(1_000)).first?.keep == 4)
    }

    @Test func aPermitThatIsOfNoUseIsGivenBackSoon() throws {
        var schedule = try schedule(permit(3), calls: 1)
        #expect(begun(&schedule, start) == 1)
        schedule.end(source, bytes: 0, at(10))
        #expect(schedule.takeAskings(at(109)).isEmpty)
        let askings = schedule.takeAskings(at(110))
        #expect(askings.map(\.wanted) == [0])
        _ = schedule.permit([permit(0)], of: askings, asked: at(110), at(111))
        #expect(schedule.nextWake(at(111)) == nil)
    }

    @Test func withoutAPermitItIsAskedForAgainAtAHintButNotAtEach() throws {
        var schedule = try schedule(permit(0), calls: 0)
        _ = schedule.offer(source, at(10))
        #expect(schedule.takeAskings(at(10)).count == 1)
        _ = schedule.permit([permit(0)], of: [], asked: at(10), at(10))
        #expect(schedule.nextWake(at(10)) == at(1_010))
        _ = schedule.offer(source, at(20))
        #expect(schedule.nextWake(at(20)) == at(60))
        #expect(schedule.takeAskings(at(60)).count == 1)
    }

    @Test func aPausedSourceIsLeftAloneUntilThen() throws {
        var schedule = try schedule(permit(0), calls: 0)
        _ = schedule.offer(source, at(10))
        _ = schedule.takeAskings(at(10))
        _ = schedule.permit([permit(0, wait: .seconds(60))], of: [], asked: at(10), at(10))
        #expect(schedule.nextWake(at(60)) == at(60_010))
    }

    @Test func whatCannotBeginHereIsGivenBack() throws {
        var schedule = try schedule(permit(1), calls: 3)
        let stranded = schedule.permit([permit(0)], of: [], asked: at(1_000), at(1_000))
        #expect(stranded.count == 3)
        #expect(schedule.waiting == 0)
    }

    @Test func ratedCallsBeginWithTheirStartsAndInTime() throws {
        var schedule = try schedule(permit(10, starts: 0), calls: 5)
        #expect(begun(&schedule, start) == 0)
        let askings = schedule.takeAskings(start)
        #expect(askings.map(\.starts) == [5])
        _ = schedule.permit([permit(10, starts: 2)], of: askings, asked: start, at(5))
        #expect(begun(&schedule, at(5)) == 2)
        _ = schedule.takeAskings(at(5))
        _ = schedule.permit([permit(10, starts: 2)], of: askings, asked: at(5), at(6))
        // Too late: the API would count it in another second.
        #expect(begun(&schedule, at(30)) == 0)
    }

    @Test func furtherPagesNeedStartsTooAndGoFirst() throws {
        var schedule = try schedule(permit(10, starts: 0), calls: 3)
        _ = schedule.takeAskings(start)
        _ = schedule.permit([permit(10, starts: 1)], of: [], asked: start, at(1))
        #expect(begun(&schedule, at(1)) == 1)
        schedule.addPage(of: source, at(1))
        #expect(schedule.takePages(at(1)).isEmpty)
        let askings = schedule.takeAskings(at(1))
        #expect(askings.map(\.starts) == [3])
        _ = schedule.permit([permit(10, starts: 2)], of: askings, asked: at(1), at(2))
        #expect(schedule.takePages(at(2)) == [source: 1])
        #expect(begun(&schedule, at(2)) == 1)
    }

    @Test func furtherPagesOfASourceWithoutARateGoAtOnce() throws {
        var schedule = try schedule(permit(10), calls: 1)
        #expect(begun(&schedule, start) == 1)
        schedule.addPage(of: source, start)
        #expect(schedule.takePages(start) == [source: 1])
        #expect(schedule.takePages(start).isEmpty)
    }

    @Test func aRateThatIsUsedUpIsAskedAboutWhenThereIsSomeAgain() throws {
        var schedule = try schedule(permit(10, starts: 0, wait: .milliseconds(700)), calls: 5)
        #expect(schedule.takeAskings(at(699)).isEmpty)
        #expect(schedule.nextWake(at(699)) == at(700))
    }

    @Test func whatMayNotBeginForLongIsLeftToOthers() throws {
        var schedule = try schedule(permit(10, starts: 0), calls: 5)
        let askings = schedule.takeAskings(start)
        let stranded = schedule.permit(
            [permit(10, starts: 0, wait: .seconds(3_600))], of: askings, asked: start, start)
        #expect(stranded.count == 5 && schedule.waiting == 0)
        _ = schedule.offer(source, start)
        for seconds in 1...20 {
            _ = schedule.permit(
                [permit(10, starts: 0, wait: .seconds(3_600 - seconds))], of: [], asked: at(seconds * 1_000),
                at(seconds * 1_000))
            #expect(schedule.takeTurn(at(seconds * 1_000)) == nil)
        }
        _ = schedule.permit(
            [permit(10, starts: 0, wait: .seconds(4))], of: [], asked: at(3_596_000), at(3_596_000))
        #expect(schedule.takeTurn(at(3_596_000)) != nil)
    }

    @Test func startsThatLastAreUsedBeforeOthersAreAskedFor() throws {
        var schedule = try schedule(permit(10, starts: 0), calls: 3)
        let long = CallPermit(source: source, slots: 10, target: 10, starts: 5, startsWithin: .seconds(36))
        _ = schedule.permit([long], of: schedule.takeAskings(start), asked: start, start)
        #expect(begun(&schedule, at(500)) == 3)
        try add(4, to: &schedule)
        #expect(begun(&schedule, at(600)) == 2)
        #expect(schedule.takeAskings(at(600)).map(\.starts) == [2])
    }

    @Test func withoutNewsFromPostgresNothingBegins() throws {
        var schedule = try schedule(permit(3), calls: 5)
        _ = schedule.takeAskings(at(1_000))
        #expect(begun(&schedule, at(6_999)) == 3)
        schedule.end(source, bytes: 0, at(7_000))
        #expect(begun(&schedule, at(7_000)) == 0)
        _ = schedule.offer(source, at(7_000))
        #expect(schedule.takeTurn(at(7_000)) == nil)
    }

    @Test func aLostLeaseLosesThePermits() throws {
        var schedule = try schedule(permit(3), calls: 5)
        schedule.forgetPermits(at(10))
        #expect(begun(&schedule, at(10)) == 0)
        #expect(schedule.takeAskings(at(10)).map(\.keep) == [0])
    }

    @Test func theWindowOfStartsFollowsHowSlowAnswersAre() {
        var window = StartWindow()
        for _ in 0..<10 { window.note(.milliseconds(400)) }
        #expect(window.length == .milliseconds(800) || window.length == .milliseconds(400) * 2)
        for _ in 0..<10 { window.note(.milliseconds(1)) }
        #expect(window.length == .milliseconds(25))
    }
}
