import Testing

@testable import Delivery

@Suite("Delivery policy")
struct DeliveryPolicyTests {
    private let policy = DeliveryPolicy()
    private let minute = 60.0

    private func seconds(
        _ attempt: Int, _ failure: DeliveryPolicy.Failure = .init(), random: Double = 1
    ) -> Double? {
        policy.wait(afterAttempt: attempt, failure, random: random).map { $0 / .seconds(1) }
    }

    @Test func theScheduleIsThatOfTheIssueAndEnds() {
        let hours = [2.0, 5, 10, 14, 20, 24].map { $0 * 60 * minute }
        #expect((1...9).map { seconds($0) } == [5, 5 * minute, 30 * minute] + hours)
        #expect(seconds(10) == nil)
    }

    @Test func jitterTakesUpToAFifthAway() {
        #expect(seconds(1, random: 0) == 4)
        #expect(seconds(2, random: 0.5) == 270)
        #expect(policy.postponement(random: 0) == .seconds(4) && policy.postponement(random: 1) == .seconds(5))
        #expect(policy.incompleteWait(random: 0) == .seconds(24) && policy.incompleteWait(random: 1) == .seconds(30))
    }

    @Test func anEndpointHasFifteenSecondsToAnswerAndFiveDaysToComeBack() {
        let configuration = DeliveryService.Configuration()
        #expect(configuration.timeout == .seconds(15) && configuration.disableAfter == .seconds(5 * 24 * 60 * minute))
    }

    @Test func anOverloadedEndpointIsLeftAloneForAMinuteAtTheLeast() {
        let overload = DeliveryPolicy.Failure(isOverload: true)
        #expect(seconds(1, overload, random: 0) == 60)
        #expect(seconds(1, overload, random: 0.5) == 63)
        #expect(seconds(2, overload) == 5 * minute, "the schedule is longer")
        #expect(seconds(10, overload) == nil)
    }

    @Test func whatTheEndpointAsksForIsHonouredWhenItIsLonger() {
        #expect(seconds(1, .init(retryAfter: .seconds(100)), random: 0) == 100)
        #expect(seconds(2, .init(retryAfter: .seconds(100))) == 5 * minute)
        #expect(seconds(1, .init(retryAfter: .zero)) == 5)
    }

    @Test func nothingIsWaitedForLongerThanADay() {
        #expect(seconds(1, .init(retryAfter: .seconds(9_999_999_999))) == 24 * 60 * minute)
    }
}
