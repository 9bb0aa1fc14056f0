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

    @Test(arguments: ["57014", "25P03", "53200"])
    func whatTheServerDoesNotComeToAnEndWithMayBeAboutOneAnswer(_ sqlState: String) {
        let error = PostgresError(.server, "canceling statement due to statement timeout").with {
            $0.sqlState = sqlState
        }
        #expect(error.mayBeAboutOneAnswer && !error.isAboutData)
        #expect(
            error.reasonOfUnstorableAnswer.hasPrefix(
                "storing what the answer holds asks too much of the database (canc"))
    }

    @Test(arguments: ["40001", "57P01", "23505", "53300"])
    func whatMayGoWellAnotherTimeIsNot(_ sqlState: String) {
        #expect(!PostgresError(.server, "refused").with { $0.sqlState = sqlState }.mayBeAboutOneAnswer)
        #expect(!PostgresError(.connection, "lost").mayBeAboutOneAnswer)
    }
}
