import Testing

@testable import CLI

@Suite("Durations and instants")
struct DurationTextTests {
    @Test(
        arguments: [
            (0, "0 ms"), (1, "0.00 ms"), (1_250, "1.25 ms"), (12_500, "12.5 ms"), (318_000, "318 ms"),
            (999_999, "1000 ms"),
            (2_040_000, "2.04 s"), (59_900_000, "59.9 s"), (65_000_000, "1 min 5 s"), (11_520_000_000, "3 h 12 min"),
            (-1_250, "-1.25 ms"),
        ] as [(Int64, String)])
    func durationsHaveThreeFiguresAndAUnit(_ microseconds: Int64, _ text: String) {
        #expect(DurationText.of(microseconds: microseconds) == text)
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:01.5Z", 1_500_000),
            ("2000-02-29T12:00:00.000001Z", 951_825_600_000_001),
            ("2026-11-21T10:29:56.904Z", 1_795_256_996_904_000),
            ("2026-11-21T11:29:56.904+01:00", 1_795_256_996_904_000),
            ("1969-12-31T23:59:59Z", -1_000_000), ("2026-11-21 10:29Z", 1_795_256_940_000_000),
            ("1970-01-01T23:59:00+23:59", 0), ("1969-12-31T18:30:00-05:30", 0),
        ] as [(String, Int64)])
    func instantsAreReadToTheMicrosecond(_ text: String, _ microseconds: Int64) {
        #expect(InstantText.microseconds(text) == microseconds)
    }

    @Test(arguments: [
        "", "2026-11-21", "2026-13-01T00:00:00Z", "2026-11-21T10:29:56", "2026-11-21 yesterday", "2026-11-21T10:29:5xZ",
        "2026-11-21x10:29:56Z", "2026-11-21T24:00:00Z", "2026-11-21T10:60:00Z", "2026-11-21T10:29.5Z",
        "2026-11-21T10:29:56+999999999999999999:00", "2026-11-21T10:29:56+24:00", "2026-11-21T10:29:56+01:60",
        "2026-11-21T10:29:56+1:00", "2026-11-21T10:29:56+01", "2026-11-21T10:29:56+01:00:00",
        "2026-11-21T10:29:56+-1:00",
        "2026-02-31T00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
        "2026-12-32T00:00:00Z", "2026-11-00T00:00:00Z",
    ])
    func whatIsNoInstantIsNone(_ text: String) {
        #expect(InstantText.microseconds(text) == nil)
    }

    @Test func whatPeopleReadSaysThatItIsUTC() {
        #expect(InstantText.minute("2026-11-21T10:29:56.904Z") == "2026-11-21 10:29Z")
        #expect(InstantText.second("2026-11-21T10:29:56Z") == "2026-11-21 10:29:56Z")
        // Nothing claims to be UTC that is not, and a terminal obeys nothing.
        #expect(InstantText.minute("2026-11-21T10:29:56+01:00") == "2026-11-21T10:29:56+01:00")
        #expect(InstantText.minute("soon\u{1B}Z") == "soon\u{FFFD}Z")
    }

    @Test func theTimeOfDayHasMilliseconds() {
        #expect(InstantText.timeOfDay(microseconds: 1_795_256_996_904_321) == "10:29:56.904Z")
    }
}
