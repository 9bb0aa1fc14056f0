import JSON
import Testing

extension IntegrationTests {
    /// The harness of the example catalogues.
    @Suite("Stub APIs")
    struct StubAPIsTests {
        @Test func stubsAreStartedToldAndAsked() async throws {
            try await StubAPIs.with { stubs in
                try await stubs.set("directory", ["per_second": 5])
                try await stubs.plan("directory", [["kind": "status", "times": 2]])
                #expect(try await stubs.counts(of: "directory")["calls"] == 0)
                try await stubs.revokeTokens()
                try await stubs.reset("directory")
                await #expect(throws: HarnessError.self) { try await stubs.counts(of: "nobody") }
            }
        }
    }
}
