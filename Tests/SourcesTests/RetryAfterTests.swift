import Sources
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Retry-After")
struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
    private let example = Date(timeIntervalSince1970: 784_111_777)

    @Test func secondsAreSeconds() {
        #expect(RetryAfter.parse("120", now: example) == .seconds(120))
        #expect(RetryAfter.parse(" 5 ", now: example) == .seconds(5))
        #expect(RetryAfter.parse("0", now: example) == .zero)
    }

    @Test func datesAreTheTimeUntilThem() {
        let now = Date(timeIntervalSince1970: 784_111_777 - 90)
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(90))
    }

    @Test func aDateInThePastIsNow() {
        #expect(
            RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: Date(timeIntervalSince1970: 2_000_000_000)) == .zero)
    }

    @Test(arguments: [
        "", "-1", "soon", "1.5", "Sun, 06 Nov 1994", "Sun, 06 Xyz 1994 08:49:37 GMT", "99 99 99 99 99 GMT",
    ])
    func nonsenseIsNothing(_ value: String) {
        #expect(RetryAfter.parse(value, now: example) == nil)
    }

    @Test func aNumberOfManyDigitsIsALongWait() {
        #expect((RetryAfter.parse("99999999999999999999", now: example) ?? .zero) > .seconds(1_000_000))
    }
}
