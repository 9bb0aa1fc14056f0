import Contracts
import Foundation
import Store
import Testing

@testable import Delivery

@Suite("Delivery schedule")
struct DeliveryScheduleTests {
    private let org = OrgID(UUID())
    /// Endpoints by number, in the order of their ids.
    private let endpoints = (0..<1_000).map { _ in EndpointID(UUID()) }.sorted()

    private func schedule(_ posts: Int, each: Int) -> DeliverySchedule {
        DeliverySchedule(limits: .init(postsMax: posts, endpointPostsMax: each))
    }

    private func work(_ endpoint: Int, isProven: Bool = true) -> EndpointWork {
        EndpointWork(org: org, endpoint: endpoints[endpoint], wait: .zero, isProven: isProven, isEnded: false)
    }

    /// Claims as if every endpoint had as many deliveries as there is room for, but these.
    @discardableResult
    private func claim(_ schedule: inout DeliverySchedule, except empty: Set<Int> = []) -> [Int: Int] {
        var claimed: [Int: Int] = [:]
        while true {
            let turns = schedule.takeTurns()
            if turns.isEmpty { return claimed }
            let without = Set(empty.map { endpoints[$0] })
            let given = turns.filter { !without.contains($0.endpoint) }
            schedule.claimed(
                given.flatMap { Array(repeating: $0.endpoint, count: $0.room) }, of: turns)
            for turn in given { claimed[endpoints.firstIndex(of: turn.endpoint) ?? -1, default: 0] += turn.room }
        }
    }

    @Test func anEndpointThatTakesItsDeliveriesHasItsPlacesAndNoMore() {
        var schedule = schedule(100, each: 16)
        schedule.offer(work(0))
        let first = claim(&schedule)
        #expect(first == [0: 16])
        schedule.end(endpoints[0], .taken)
        let second = claim(&schedule)
        #expect(second == [0: 1])
        #expect(schedule.posting == 16)
    }

    @Test func aNewOneHasOnePlaceUntilItHasTakenSomething() {
        var schedule = schedule(100, each: 16)
        schedule.offer(work(0, isProven: false))
        let first = claim(&schedule)
        #expect(first == [0: 1])
        schedule.end(endpoints[0], .taken)
        let second = claim(&schedule)
        #expect(second == [0: 16])
        schedule.end(endpoints[0], .notTaken)
        let third = claim(&schedule)
        #expect(third == [:], "it fails, and has fifteen places still")
    }

    @Test func whateverIsNewOrFailsHasHalfOfThePlaces() {
        var schedule = schedule(64, each: 16)
        for number in 0..<500 { schedule.offer(work(number, isProven: false)) }
        let first = claim(&schedule)
        #expect(first.values.reduce(0, +) == 32)
        schedule.offer(work(500))
        schedule.offer(work(501))
        let second = claim(&schedule)
        #expect(second == [500: 16, 501: 16])
    }

    @Test func ofMoreDeadOnesThanThereArePlacesEachHasItsTurn() {
        var schedule = schedule(8, each: 4)
        for number in 0..<20 { schedule.offer(work(number, isProven: false)) }
        var turns: [Int: Int] = [:]
        for _ in 0..<10 {
            for (number, count) in claim(&schedule) {
                turns[number, default: 0] += count
                schedule.end(endpoints[number], .notTaken)
            }
        }
        #expect(turns.count == 20 && Set(turns.values) == [2])
    }

    @Test func theOnlyPlaceIsForAnybody() {
        var schedule = schedule(1, each: 4)
        schedule.offer(work(0, isProven: false))
        let claimed = claim(&schedule)
        #expect(claimed == [0: 1])
    }

    @Test func freshOnesComeBeforeThoseThatHaveManyPlaces() {
        var schedule = schedule(64, each: 64)
        schedule.offer(work(0))
        claim(&schedule)
        schedule.offer(work(1))
        let first = claim(&schedule)
        #expect(first == [:], "there is no place")
        for _ in 0..<4 { schedule.end(endpoints[0], .taken) }
        let second = claim(&schedule)
        #expect(second[1].map { $0 >= 2 } == true)
    }

    @Test func placesAreDividedAmongThoseThatWantThem() {
        var schedule = schedule(64, each: 64)
        for number in 0..<4 { schedule.offer(work(number)) }
        let first = claim(&schedule)
        #expect(first == [0: 16, 1: 16, 2: 16, 3: 16])
    }

    @Test func allOfManyHaveTheirTurn() {
        var schedule = schedule(64, each: 16)
        for number in 0..<200 { schedule.offer(work(number)) }
        var seen: Set<Int> = []
        var turns = 0
        while seen.count < 200, turns < 200 {
            let claimed = claim(&schedule, except: seen)
            seen.formUnion(claimed.keys)
            for (number, count) in claimed {
                for _ in 0..<count { schedule.end(endpoints[number], .taken) }
            }
            turns += 1
        }
        #expect(seen.count == 200 && schedule.posting == 0)
    }

    @Test func whatHasNothingMoreIsLookedForNoMore() {
        var schedule = schedule(64, each: 16)
        schedule.offer(work(0))
        let turns = schedule.takeTurns()
        schedule.claimed([endpoints[0]], of: turns)
        let idle = schedule.takeTurns()
        #expect(idle.isEmpty)
        schedule.end(endpoints[0], .taken)
        let still = schedule.takeTurns()
        #expect(still.isEmpty)
    }

    @Test func aClaimThatWasNotAnsweredIsMadeAgain() {
        var schedule = schedule(64, each: 16)
        schedule.offer(work(0))
        let turns = schedule.takeTurns()
        let idle = schedule.takeTurns()
        #expect(idle.isEmpty, "one claim of an endpoint at a time")
        schedule.returned(turns)
        let again = schedule.takeTurns()
        #expect(again == turns)
    }
}
