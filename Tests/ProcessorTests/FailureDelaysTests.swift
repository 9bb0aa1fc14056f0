import Contracts
import Testing

@testable import Processor

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Waits after work that could not be done")
struct FailureDelaysTests {
    private typealias Delays = FailureDelays<ActivityRequestID>

    private let now = ContinuousClock.now

    @Test func aRequestIsLeftAloneLongerAfterEachFailure() {
        let delays = Delays()
        let request = ActivityRequestID(UUID())
        #expect(delays.allow(request, now: now))
        let waits = (0..<9).map { _ in delays.fail(request, now: now) }
        #expect(waits.map(\.components.seconds) == [2, 4, 8, 16, 32, 64, 128, 256, 300])
        #expect(!delays.allow(request, now: now + .milliseconds(299_999)))
        #expect(delays.allow(request, now: now + .seconds(300)))
        // However often it has failed.
        for _ in 0..<100 { #expect(delays.fail(request, now: now) == .seconds(300)) }
        delays.succeed(request)
        #expect(delays.allow(request, now: now))
        #expect(delays.fail(request, now: now) == .seconds(2))
    }

    @Test func othersAreNotHeldUpAndNotMoreThanSomeAreRemembered() {
        let delays = Delays()
        let first = ActivityRequestID(UUID())
        _ = delays.fail(first, now: now)
        #expect(delays.allow(ActivityRequestID(UUID()), now: now))
        for _ in 1..<Delays.rememberedMax {
            _ = delays.fail(ActivityRequestID(UUID()), now: now)
        }
        #expect(!delays.allow(first, now: now))
        _ = delays.fail(ActivityRequestID(UUID()), now: now)
        #expect(delays.allow(first, now: now))
    }
}
