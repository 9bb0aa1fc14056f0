import Testing

@testable import Postgres
@testable import Processor

/// Which errors lead to the one bad answer of a batch being looked for. Others are tried again as they are.
@Suite("Errors about data")
struct DataErrorTests {
    @Test(arguments: ["22P05", "22003", "54000", "23502", "23514"])
    func whatTheServerRefusesForItsContentIsAboutData(_ sqlState: String) {
        #expect(PostgresError(.server, "refused").with { $0.sqlState = sqlState }.isAboutData)
    }

    @Test func whatCannotEvenBeSentIsAboutData() {
        #expect(PostgresError(.invalidParameter, "parameter $4 is text that contains NUL").isAboutData)
    }

    @Test(arguments: ["40001", "57P01", "23505", "53300"])
    func whatMayGoWellAnotherTimeIsNot(_ sqlState: String) {
        #expect(!PostgresError(.server, "refused").with { $0.sqlState = sqlState }.isAboutData)
        #expect(!PostgresError(.connection, "lost").isAboutData)
    }
}
