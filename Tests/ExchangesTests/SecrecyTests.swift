import Exchanges
import JSON
import Mapping
import Sources
import Testing

/// No value of a secret shows up in a log, a sentence or what an observer sees, whatever the API says.
@Suite("Secrecy")
struct SecrecyTests {
    private static let every: [Authentication] = [
        .none, .apiKey(place: .header, name: "x-key", value: "<<$secret.KEY>>"),
        .apiKey(place: .query, name: "key", value: "<<$secret.KEY>>"),
        .basic(username: "<<$secret.USER>>", password: "<<$secret.PASSWORD>>"), .bearer(token: "<<$secret.TOKEN>>"),
    ]

    /// Repeats all that it was sent, and an access token.
    private static func echo(_ request: APIServer.Request, status: Int) -> APIServer.Reply {
        let headers = request.headers.map { "\($0): \($1)" }.joined(separator: "\n")
        let said = JSONValue.string("\(request.target)\n\(headers)\n\(request.text)").description
        return APIServer.Reply(
            status: status, headers: [("x-echo", request.headers["authorization"] ?? request.headers["x-key"] ?? "")],
            body: #"{"said":\#(said),"next":"/again?x=1"}"#)
    }

    private func check(_ outcome: ExchangeOutcome, _ observer: RecordingObserver, isFailure: Bool) {
        #expect((outcome.failure != nil) == isFailure)
        #expect(!observer.calls.isEmpty && observer.calls.count == outcome.calls.count)
        var shown = observer.calls.map { call in
            "\(call.url) \(call.headers) \(text(call.body)) \(call.answer?.headers ?? []) \(text(call.answer?.body)) \(call.error ?? "")"
        }
        shown += outcome.calls.map { "\($0)" }
        if let failure = outcome.failure { shown.append(failure.reason) }
        for shown in shown { #expect(!shown.contains("s3cret"), "\(shown)") }
    }

    private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

    @Test(arguments: every.indices, [200, 401, 500])
    func anAPIThatRepeatsEverythingGivesNothingAway(_ place: Int, _ status: Int) async throws {
        try await withAPI({ Self.echo($0, status: status) }) { fixture in
            let client = try fixture.client(
                SourceSetup(authentication: Self.every[place]),
                run: [
                    "url": "/things?k=<<$secret.KEY>>", "headers": ["x-mine": "<<$secret.USER>>"],
                    "body": ["note": "<<$secret.PASSWORD>>"],
                ])
            let observer = RecordingObserver()
            check(await client.run(observer: observer), observer, isFailure: status != 200)
        }
    }

    @Test(arguments: [200, 400, 500])
    func tokensAndWhatTheyCostAreSecretToo(_ status: Int) async throws {
        try await withAPI({ request in
            guard request.path == "/token" else { return Self.echo(request, status: 401) }
            return status == 200
                ? .json(#"{"access_token":"s3cret-t","refresh_token":"s3cret-r"}"#)
                : .status(status, #"{"error":"bad","error_description":\#(JSONValue.string(request.text))}"#)
        }) { fixture in
            for authentication in [ClientCredentials.ClientAuthentication.basic, .body] {
                let observer = RecordingObserver()
                let client = try fixture.client(fixture.credentials(authentication))
                check(await client.run(observer: observer), observer, isFailure: true)
            }
        }
    }

    @Test func anAddressThatTheAPIGivesIsMaskedInAnyEncoding() async throws {
        let spellings = ["s3cret%2Fkey%2B1", "s3cret/key%2b1", "%733cret%2fkey%2B1", "s3cret/key+1"]
        for spelling in spellings {
            try await withAPI({ request in
                .json(request.path == "/things" ? #"{"next":"/more?a=1&k=\#(spelling)&b=2"}"# : "{}")
            }) { fixture in
                let client = try fixture.client(
                    SourceSetup(pagination: Pagination(style: .nextURL(path: ["next"]))),
                    run: ["url": "/things?k=<<$secret.KEY>>"])
                let observer = RecordingObserver()
                let outcome = await client.run(observer: observer)
                let expected = ["\(fixture.api.url)/things?k=***", "\(fixture.api.url)/more?a=1&k=***&b=2"]
                #expect(outcome.calls.map(\.url) == expected && observer.calls.map(\.url) == expected)
                #expect(fixture.api.requests.last?.target == "/more?a=1&k=\(spelling)&b=2")
            }
        }
    }
}
