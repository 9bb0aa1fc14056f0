import Exchanges
import Foundation
import JSON
import Sources
import Testing

@Suite("Authentication")
struct AuthenticationTests {
    /// The one request that the API sees.
    private func request(
        _ authentication: Authentication, run: String = #"{"url":"/things/<<$object>>"}"#
    ) async throws -> (APIServer.Request, ExchangeOutcome) {
        try await withAPI({ _ in .json("{}") }) { fixture in
            let client = try fixture.client(SourceSetup(authentication: authentication), run: JSONValue(parsing: run))
            let outcome = await client.run()
            return (try #require(fixture.api.requests.first), outcome)
        }
    }

    @Test func aKeyStandsInAHeader() async throws {
        let (request, outcome) = try await request(.apiKey(place: .header, name: "X-Key", value: "k-<<$secret.KEY>>"))
        #expect(request.headers["x-key"] == "k-s3cret/key+1")
        #expect(outcome.text == "{}")
    }

    @Test func aKeyStandsInTheQueryAndNotInTheLog() async throws {
        let (request, outcome) = try await request(
            .apiKey(place: .query, name: "key", value: "<<$secret.KEY>>"), run: #"{"url":"/things?key=mine&a=1"}"#)
        #expect(request.target == "/things?a=1&key=s3cret%2Fkey%2B1")
        #expect(outcome.calls.map(\.url).map { $0.drop { $0 != "?" } } == ["?a=1&key=***"])
    }

    @Test func basicIsUserAndPassword() async throws {
        let (request, _) = try await request(.basic(username: "<<$secret.USER>>", password: "<<$secret.PASSWORD>>"))
        let expected = Data("s3cret-user:s3cret:pass".utf8).base64EncodedString()
        #expect(request.headers["authorization"] == "Basic \(expected)")
    }

    @Test func aTokenReplacesWhatTheTemplateSays() async throws {
        let (request, _) = try await request(
            .bearer(token: "<<$secret.TOKEN>>"), run: #"{"url":"/things","headers":{"AUTHORIZATION":"mine"}}"#)
        #expect(request.headers["authorization"] == "Bearer s3cret-token")
    }

    @Test func noneIsNothing() async throws {
        let (request, _) = try await request(.none)
        #expect(request.headers["authorization"] == nil && request.target == "/things/x")
    }

    @Test func aSecretThatIsMissingFailsBeforeAnyCall() async throws {
        try await withAPI({ _ in .json("{}") }) { fixture in
            let client = try fixture.client(SourceSetup(authentication: .bearer(token: "<<$secret.GONE>>")))
            let failure = try #require(await client.run().failure)
            #expect(failure.kind == .fail && failure.substate == "secret_missing" && !failure.mayHaveBeenSent)
            #expect(failure.reason.contains("the secret GONE is not set"))
            #expect(fixture.api.requests.isEmpty && failure.calls.isEmpty)
        }
    }
}
