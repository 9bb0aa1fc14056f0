import Sources
import Testing

@Suite("Retry policy")
struct RetryPolicyTests {
    private let policy = RetryPolicy(attempts: 4, baseMilliseconds: 1_000, maxMilliseconds: 3_000)

    @Test func backOffDoublesUpToTheLongestWait() {
        #expect(policy.delay(afterAttempt: 1, retryAfter: nil, random: 1) == .seconds(1))
        #expect(policy.delay(afterAttempt: 2, retryAfter: nil, random: 1) == .seconds(2))
        #expect(policy.delay(afterAttempt: 3, retryAfter: nil, random: 1) == .seconds(3))
    }

    @Test func jitterTakesUpToHalfOfTheWaitAway() {
        #expect(policy.delay(afterAttempt: 1, retryAfter: nil, random: 0) == .milliseconds(500))
    }

    @Test func thereIsNoWaitAfterTheLastAttempt() {
        #expect(policy.delay(afterAttempt: 4, retryAfter: .seconds(1), random: 1) == nil)
    }

    @Test func theAPIMayAskForALongerWaitButNotForAShorterOrAnEndlessOne() {
        #expect(policy.delay(afterAttempt: 1, retryAfter: .seconds(20), random: 1) == .seconds(20))
        #expect(policy.delay(afterAttempt: 2, retryAfter: .zero, random: 1) == .seconds(2))
        #expect(policy.delay(afterAttempt: 1, retryAfter: .seconds(9_999_999), random: 1) == .seconds(3600))
    }

    @Test func manyAttemptsDoNotOverflow() {
        var patient = policy
        patient.attempts = 1000
        #expect(patient.delay(afterAttempt: 900, retryAfter: nil, random: 1) == .seconds(3))
    }
}
