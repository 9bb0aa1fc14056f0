import Testing

@testable import CLI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Why Postgres failed")
struct PostgresLogTests {
    @Test func aFullDiskIsTheReasonNotWhatInitdbDoesThen() async throws {
        let reason = try await reason(
            "running bootstrap script ... 2026-11-25 22:00:00.000 UTC [7] FATAL:  could not extend file \"base/1/2\": No space",
            "2026-11-25 22:00:00.000 UTC [7] HINT:  Check free disk space.", "child process exited with exit code 1",
            "initdb: removing data directory \"/x\"")
        #expect(
            reason == "FATAL: could not extend file \"base/1/2\": No space HINT: Check free disk space.")
    }

    @Test func aPanicCountsMoreThanWhatSessionsAreToldThen() async throws {
        let reason = try await reason(
            "x ERROR:  duplicate key", "x PANIC:  could not write to file", "x STATEMENT:  commit",
            "x FATAL:  the database system is in recovery mode", "x LOG:  shutting down")
        #expect(reason == "PANIC: could not write to file")
    }

    @Test func anErrorOfAnEarlierStartIsNone() async throws {
        #expect(try await reason(earlier: "x FATAL:  long ago\n", "x LOG:  killed") == "x LOG:  killed")
        #expect(try await reason(earlier: "x FATAL:  long ago\n") == "it said nothing")
        #expect(
            try await reason("x FATAL:  terminating connection due to administrator command", "x LOG:  bye")
                == "x LOG:  bye")
    }

    private func reason(earlier: String = "", _ lines: String...) async throws -> String {
        try await withTemporaryState { state in
            let path = "\(state.path)/postgres.log"
            let text = earlier + lines.map { $0 + "\n" }.joined()
            try Data(text.utf8).write(to: URL(filePath: path))
            return PostgresLog.reason(path, from: earlier.utf8.count)
        }
    }
}
