import Exchanges
import Foundation
import JSON
import Mapping
import Sources
import Testing

@Suite("Paging")
struct PagingTests {
    /// Three pages of two things each, the last of one, in whichever style they are asked for.
    private static let pages = ["[1,2]", "[3,4]", "[5]"]

    private static func page(_ number: Int, _ members: String = "") -> APIServer.Reply {
        .json(#"{"items":\#(number < pages.count ? pages[number] : "[]")\#(members)}"#)
    }

    private static let items: PathPattern = ["items", "*"]

    /// What comes of it, and the targets that the API was asked for.
    private func run(
        _ pagination: Pagination, run: JSONValue = ["url": "/things?q=a"], rules: [ResponseRule] = [],
        authentication: Authentication = .none, bytesMax: Int = 1 << 20,
        _ handler: @escaping @Sendable (APIServer.Request) -> APIServer.Reply?
    ) async throws -> (outcome: ExchangeOutcome, targets: [String]) {
        try await withAPI(handler) { fixture in
            let client = try fixture.client(
                SourceSetup(
                    responseBytesMax: bytesMax, authentication: authentication, pagination: pagination,
                    responseRules: rules), run: run)
            let outcome = await client.run()
            return (outcome, fixture.api.requests.map(\.target))
        }
    }

    @Test func pagesByNumber() async throws {
        let (outcome, targets) = try await run(
            Pagination(style: .page(start: 1), parameter: "page", items: Self.items)
        ) { Self.page((Int($0.parameter("page") ?? "") ?? 0) - 1) }
        #expect(targets == (1...4).map { "/things?q=a&page=\($0)" })
        #expect(outcome.answer?.pages == 4)
        #expect(outcome.text == #"[{"items":[1,2]},{"items":[3,4]},{"items":[5]},{"items":[]}]"#)
        #expect(outcome.calls.map(\.status) == [200, 200, 200, 200])
        #expect(outcome.answer?.contentType == "application/json")
    }

    @Test func pagesByOffsetUntilTheTotal() async throws {
        let (outcome, targets) = try await run(
            Pagination(style: .offset(start: 0, size: 2), parameter: "skip", items: Self.items, total: ["total"])
        ) { Self.page((Int($0.parameter("skip") ?? "") ?? 0) / 2, #","total":5"#) }
        #expect(targets == [0, 2, 4].map { "/things?q=a&skip=\($0)" })
        #expect(outcome.answer?.pages == 3)
    }

    @Test func pagesByCursorInTheQuery() async throws {
        let (outcome, targets) = try await run(Pagination(style: .cursor(next: ["next"]), parameter: "after")) {
            request in
            let number = Int(request.parameter("after")?.dropFirst(2) ?? "0") ?? 0
            return Self.page(number, number < 2 ? #","next":"c&\#(number + 1)""# : "")
        }
        #expect(targets == ["/things?q=a", "/things?q=a&after=c%261", "/things?q=a&after=c%262"])
        #expect(outcome.answer?.pages == 3)
    }

    @Test func theTemplatePlacesTheCursor() async throws {
        let bodies = Counter()
        let (outcome, _) = try await run(
            Pagination(style: .cursor(next: ["next"])), run: ["url": "/things", "body": ["from": "<<$cursor>>"]]
        ) { request in
            let from = (try? JSONValue(parsing: request.body))?["from"]
            let expected: [JSONValue] = [.null, "b"]
            return from == expected[bodies.next()] ? Self.page(0, from == .null ? #","next":"b""# : "") : .status(400)
        }
        #expect(outcome.answer?.pages == 2, "\(outcome)")
    }

    @Test func pagesByLink() async throws {
        let (outcome, targets) = try await run(
            Pagination(style: .link), authentication: .apiKey(place: .query, name: "key", value: "<<$secret.KEY>>")
        ) { request in
            let number = Int(request.parameter("page") ?? "0") ?? 0
            var reply = Self.page(number)
            // As some do, it repeats the key, in an encoding of its own.
            let next = "</things?page=\(number + 1)&key=s3cret%2fkey%2B1>; rel=\"next\"; title=\"a, b\""
            if number < 2 { reply.headers = [("Link", "</things>; rel=\"first\", \(next)")] }
            return reply
        }
        #expect(
            targets == ["/things?q=a&key=s3cret%2Fkey%2B1"] + (1...2).map { "/things?page=\($0)&key=s3cret%2Fkey%2B1" })
        #expect(outcome.answer?.pages == 3)
        #expect(outcome.calls.allSatisfy { $0.url.hasSuffix("key=***") }, "\(outcome.calls)")
    }

    @Test func pagesByAddress() async throws {
        let (outcome, targets) = try await run(Pagination(style: .nextURL(path: ["meta", "next"]))) { request in
            request.target == "/things?q=a"
                ? Self.page(0, #","meta":{"next":"http://\#(request.headers["host"] ?? "")/more?c=1"}"#) : Self.page(1)
        }
        #expect(targets == ["/things?q=a", "/more?c=1"] && outcome.answer?.pages == 2)
    }

    @Test func aSourceOfOnePageIsAnArrayAsWell() async throws {
        let (outcome, _) = try await run(Pagination(style: .link)) { _ in .json("\u{FEFF}{\"a\":1}") }
        #expect(outcome.text == #"[{"a":1}]"# && outcome.answer?.pages == 1)
    }

    @Test func credentialsDoNotGoToAnotherServer() async throws {
        let other = try APIServer { _ in .json("{}") }
        let (outcome, _) = try await run(
            Pagination(style: .nextURL(path: ["next"])), authentication: .bearer(token: "<<$secret.TOKEN>>")
        ) { _ in .json(#"{"next":"\#(other.url)/"}"#) }
        let seen = other.requests
        await other.stop()
        #expect(outcome.failure?.substate == "next_page_refused" && outcome.failure?.kind == .fail)
        #expect(seen.isEmpty)
    }

    @Test func loopsEnd() async throws {
        let (cursor, calls) = try await run(Pagination(style: .cursor(next: ["next"]), parameter: "c")) { request in
            .json(#"{"next":"same","was":"\#(request.parameter("c") ?? "")"}"#)
        }
        #expect(cursor.failure?.substate == "pagination_loop" && calls.count == 2)
        let (page, requests) = try await run(Pagination(style: .page(start: 0), parameter: "p", items: Self.items)) {
            _ in
            Self.page(0)
        }
        #expect(page.failure?.substate == "pagination_loop" && requests.count == 2)
        #expect(page.failure?.status == 200)
        // The page that explains it is kept, beside the call that brought it.
        #expect(page.calls.map(\.error) == [nil, page.failure?.reason])
        #expect(page.calls.map(\.answer) == [nil, #"{"items":[1,2]}"#])
    }

    @Test func boundsAreNoSuccess() async throws {
        let endless: @Sendable (APIServer.Request) -> APIServer.Reply? = { .json(#"{"items":["\#($0.target)"]}"#) }
        let (pages, calls) = try await run(
            Pagination(style: .page(start: 1), parameter: "p", items: Self.items, pagesMax: 3), endless)
        #expect(pages.failure?.substate == "too_many_pages" && calls.count == 3)
        let (bytes, requests) = try await run(
            Pagination(style: .page(start: 1), parameter: "p", items: Self.items), bytesMax: 100, endless)
        #expect(bytes.failure?.substate == "body_too_large" && requests.count > 2)
        #expect(bytes.failure?.reason.contains("more than 100 bytes together") == true)
    }

    @Test func anAPIThatCapsItsPagesLosesNothingInSilence() async throws {
        // Two at a time, however many are asked for.
        let (outcome, targets) = try await run(
            Pagination(style: .offset(start: 0, size: 4), parameter: "skip", items: Self.items, total: ["total"])
        ) { Self.page((Int($0.parameter("skip") ?? "") ?? 0) / 2, #","total":5"#) }
        #expect(targets == [0, 4, 8].map { "/things?q=a&skip=\($0)" })
        #expect(outcome.failure?.kind == .fail && outcome.failure?.substate == "items_missing")
        #expect(outcome.failure?.reason.contains("has 5 items, and 3 were read") == true, "\(outcome)")
        #expect(outcome.calls.last?.error == outcome.failure?.reason)
    }

    @Test(arguments: [true, false])
    func noContentBehindTheLastPageEndsThem(isWhole: Bool) async throws {
        let total = isWhole ? 5 : 6
        for pagination in [
            Pagination(style: .page(start: 0), parameter: "p", items: Self.items),
            Pagination(style: .page(start: 0), parameter: "p", items: Self.items, total: ["count"]),
        ] {
            let (outcome, _) = try await run(pagination) { request in
                let number = Int(request.parameter("p") ?? "") ?? 0
                // The total stands where only a total that is declared is looked for.
                return number < 3 ? Self.page(number, #","count":\#(number < 2 ? 9 : total)"#) : .status(204)
            }
            if isWhole || pagination.total == nil {
                #expect(outcome.answer?.pages == 3, "\(outcome)")
            } else {
                #expect(outcome.failure?.substate == "items_missing", "\(outcome)")
            }
        }
    }

    @Test func anEmptyAnswerIsNoEndUnlessItSaysSo() async throws {
        let (outcome, _) = try await run(Pagination(style: .page(start: 0), parameter: "p", items: Self.items)) {
            $0.parameter("p") == "0" ? Self.page(0) : .status(200)
        }
        #expect(outcome.failure?.substate == "page_not_json", "\(outcome)")
    }

    @Test func aPageThatIsNotJSONFailsTheExchange() async throws {
        let (outcome, _) = try await run(Pagination(style: .page(start: 0), parameter: "p", items: Self.items)) {
            request in
            request.parameter("p") == "1" ? APIServer.Reply(body: "<html>") : Self.page(0)
        }
        #expect(outcome.failure?.substate == "page_not_json" && outcome.failure?.kind == .fail)
        #expect(outcome.calls.map(\.answer) == [nil, "<html>"] && outcome.calls.last?.error == outcome.failure?.reason)
    }

    @Test func anErrorOnALaterPageIsJudgedByTheRules() async throws {
        let pagination = Pagination(style: .page(start: 0), parameter: "p", items: Self.items)
        let handler: @Sendable (APIServer.Request) -> APIServer.Reply? = { request in
            let number = Int(request.parameter("p") ?? "") ?? 0
            return number < 2 ? Self.page(number) : .status(404)
        }
        let (standard, _) = try await run(pagination, handler)
        #expect(standard.failure?.substate == "http_404" && standard.calls.map(\.status) == [200, 200, 404])
        let (retried, _) = try await run(
            pagination, rules: [ResponseRule(statuses: .anyOf([404]), action: .retry)], handler)
        #expect(retried.failure?.kind == .retry(after: nil))
        // Many APIs say so of the page behind the last.
        let (ended, _) = try await run(
            pagination, rules: [ResponseRule(statuses: .anyOf([404]), action: .noData)], handler)
        #expect(ended.answer?.pages == 2 && ended.answer?.noData == nil)
    }

    @Test func nothingOnTheFirstPageIsNoData() async throws {
        let (outcome, _) = try await run(
            Pagination(style: .page(start: 0), parameter: "p", items: Self.items),
            rules: [ResponseRule(statuses: .anyOf([404]), action: .noData)]
        ) { _ in .status(404, "none") }
        #expect(outcome.answer?.noData != nil && outcome.answer?.pages == nil)
    }

    @Test func onlyTheAnswersThatAreMappedComeInPages() async throws {
        try await withAPI({ _ in .json(#"{"next":"x"}"#) }) { fixture in
            let job = AsynchronousJob(externalID: ["id"], status: ["status"], done: ["done"])
            let client = try fixture.client(
                SourceSetup(pagination: Pagination(style: .cursor(next: ["next"]), parameter: "c"), job: job),
                templates: [.status: ["url": "/status"], .delivery: ["url": "/result"]])
            #expect(await client.run(step: .run).answer?.pages == nil)
            #expect(await client.run(step: .status).text == #"{"next":"x"}"#)
            #expect(await client.run(step: .delivery).failure?.substate == "pagination_loop")
            let missing = try #require(await client.run(step: .abort).failure)
            #expect(missing.substate == "template" && missing.reason.contains("abort_request_template"))
        }
    }
}
