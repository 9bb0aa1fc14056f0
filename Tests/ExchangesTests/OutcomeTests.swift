import Exchanges
import JSON
import Mapping
import Sources
import Synchronization
import Testing

@Suite("Outcomes")
struct OutcomeTests {
    private func run(
        _ rules: [ResponseRule], timeout: Int = 30_000, bytesMax: Int = 1 << 20,
        _ handler: @escaping @Sendable (APIServer.Request) -> APIServer.Reply?
    ) async throws -> ExchangeOutcome {
        try await withAPI(handler) { fixture in
            try await fixture.client(
                SourceSetup(timeoutMilliseconds: timeout, responseBytesMax: bytesMax, responseRules: rules)
            ).run()
        }
    }

    @Test func eachActionHasItsOutcome() async throws {
        let kinds: [(ResponseRule.Action, ExchangeFailure.Kind)] = [
            (.retry, .retry(after: nil)), (.retryLater, .retryLater(after: .seconds(5))),
            (.pauseSource, .pauseSource(for: .seconds(5))), (.fail, .fail), (.refreshCredentials, .fail),
        ]
        for (action, kind) in kinds {
            let rule = ResponseRule(
                body: .init(path: ["error"], test: .exists), action: action, afterMilliseconds: 5_000, reason: "Because"
            )
            let outcome = try await run([rule]) { _ in .json(#"{"error":"s"}"#) }
            let failure = try #require(outcome.failure)
            #expect(failure.kind == kind && failure.substate == "response_rule", "\(action)")
            #expect(failure.reason.hasPrefix("Because (the API answered HTTP 200)"))
            #expect(failure.status == 200 && failure.mayHaveBeenSent)
            #expect(failure.calls.map(\.error) == [failure.reason] && failure.calls[0].answer == #"{"error":"s"}"#)
        }
        let success = try await run([ResponseRule(statuses: .hundreds(4), action: .success)]) { _ in .status(404, "{}")
        }
        #expect(success.answer?.status == 404 && success.text == "{}" && success.calls.map(\.error) == [nil])
        let none = try await run([ResponseRule(statuses: .hundreds(4), action: .noData, reason: "Unknown")]) { _ in
            .status(404, "no")
        }
        #expect(none.answer?.noData == "Unknown (the API answered HTTP 404)" && none.text == "no")
    }

    @Test func aHeaderDecides() async throws {
        let rule = ResponseRule(header: .init(name: "x-quota", test: .equals(0)), action: .retryLater)
        let outcome = try await run([rule]) { _ in
            APIServer.Reply(headers: [("X-Quota", "0"), ("Retry-After", "17")], body: "{}")
        }
        #expect(outcome.failure?.kind == .retryLater(after: .seconds(17)))
    }

    @Test func noAnswerIsNoAnswer() async throws {
        let closed = try await run([]) { _ in nil }
        #expect(closed.failure?.kind == .retry(after: nil) && closed.failure?.substate == "network")
        #expect(closed.failure?.mayHaveBeenSent == true && closed.calls.count == 1 && closed.calls[0].status == nil)
        let large = try await run([], bytesMax: 10) { _ in .json("[1,2,3,4,5,6,7]") }
        #expect(large.failure?.kind == .fail && large.failure?.substate == "body_too_large")
    }

    @Test func nobodyListensIsNotSent() async throws {
        try await withAPI({ _ in .json("{}") }) { fixture in
            let client = try fixture.client(run: ["url": "http://127.0.0.1:1/"])
            let failure = try #require(await client.run().failure)
            #expect(failure.substate == "connect" && !failure.mayHaveBeenSent)
        }
    }

    @Test func aVariableWithoutValueIsNamed() async throws {
        try await withAPI({ _ in .json("{}") }) { fixture in
            let client = try fixture.client(run: ["url": "/<<$object>>?a=<<$other>>&c=<<$cursor>>"])
            let failure = try #require(await client.run().failure)
            #expect(failure.kind == .fail && failure.substate == "template")
            #expect(failure.reason == "the request could not be made: no value for <<$other>>, <<$cursor>>")
            #expect(fixture.api.requests.isEmpty)
        }
    }

    @Test func whoeverCancelsEndsTheCallUnderWay() async throws {
        let cancellation = ExchangeCancellation()
        let pages = Counter()
        try await withAPI({ _ in
            // Pages would go on for ever: it ends because it was cancelled, during the second call or before the third.
            if pages.next() == 1 { cancellation.cancel() }
            return .json(#"{"next":"\#(pages.value)"}"#)
        }) { fixture in
            let client = try fixture.client(
                SourceSetup(pagination: Pagination(style: .cursor(next: ["next"]), parameter: "c", pagesMax: 10_000)))
            let failure = try #require(await client.run(cancellation: cancellation).failure)
            #expect(failure.kind == .ownFault && failure.substate == "cancelled")
        }
    }

    @Test func furtherCallsWaitForTheirTurn() async throws {
        let turns = Counter()
        try await withAPI({ request in
            .json(request.parameter("c") == "2" ? "{}" : #"{"next":"\#(request.parameter("c") == nil ? 1 : 2)"}"#)
        }) { fixture in
            let client = try fixture.client(
                SourceSetup(pagination: Pagination(style: .cursor(next: ["next"]), parameter: "c")), run: ["url": "/"])
            let outcome = await client.perform(.run, variables: { _ in nil }, turn: { turns.next() >= 0 })
            #expect(outcome.answer?.pages == 3 && turns.value == 2)
        }
    }

    @Test func aFurtherCallThatMayNotBeginEndsTheExchangeWithoutIt() async throws {
        try await withAPI({ _ in .json(#"{"next":"1"}"#) }) { fixture in
            let client = try fixture.client(
                SourceSetup(pagination: Pagination(style: .cursor(next: ["next"]), parameter: "c")), run: ["url": "/"])
            let outcome = await client.perform(.run, variables: { _ in nil }, turn: { false })
            let failure = try #require(outcome.failure)
            #expect(failure.kind == .ownFault && failure.substate == "cancelled" && failure.calls.count == 1)
            #expect(fixture.api.requests.count == 1)
        }
    }
}
