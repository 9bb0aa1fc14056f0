import JSON
import Outbound
import Testing

@testable import CLI

@Suite("Requests in words")
struct RequestTextTests {
    @Test func theTimelineShowsOffsetsDurationsAndCounts() throws {
        let timeline = RequestTimeline(
            id: "r",
            entries: [
                entry("request", nil, "valid", at: 1_000_000), entry("request", "valid", "ready", at: 1_012_000),
                entry("runs", "ready", "in_progress", count: 249, at: 1_020_000, last: 1_458_000, by: "weir-executor"),
                entry("request", "in_progress", "done", at: 3_012_000, reason: "1 of its runs failed"),
            ])
        #expect(
            TimelineText.table(timeline).lines() == [
                "     AT     TOOK  WHAT                        COUNT  BY             WHY",
                "   0 ms           request valid                      weir-intake",
                "12.0 ms  12.0 ms  request valid → ready              weir-intake",
                "20.0 ms   438 ms  runs ready → in_progress      249  weir-executor",
                " 2.01 s   2.00 s  request in_progress → done         weir-intake    1 of its runs failed",
            ])
    }

    @Test func aWorkflowAndEachOfItsStepsHaveTimesOfTheirOwn() {
        func entry(_ subject: String, _ from: String?, _ to: String, at: Int64) -> RequestTimeline.Entry {
            .init(
                subject: subject, from: from, to: to, count: 1, first: at, last: at, actor: nil, reason: nil)
        }
        let timeline = RequestTimeline(
            id: "w",
            entries: [
                entry("workflow", nil, "valid", at: 0), entry("step a", nil, "valid", at: 2_000),
                entry("workflow", "valid", "ready", at: 5_000), entry("step a", "valid", "ready", at: 9_000),
            ])
        let lines = TimelineText.table(timeline).lines()
        #expect(lines[3].hasSuffix("5.00 ms  5.00 ms  workflow valid → ready"), "\(lines)")
        #expect(lines[4].hasSuffix("9.00 ms  7.00 ms  step a valid → ready"), "\(lines)")
    }

    @Test func anEmptyTimelineIsAHeading() {
        #expect(TimelineText.table(RequestTimeline(id: "r", entries: [])).lines().count == 1)
    }

    @Test func outcomesShowFailuresByReasonWithSomeObjects() throws {
        let overview = try RequestOverview(AnswerReader(parsing: Array(Self.answer.utf8)))
        #expect(overview.isFinished)
        #expect(overview.runsEnded == 7)
        #expect(
            OverviewText.outcomes(overview).lines() == [
                "RUNS             COUNT  REASON                                            OBJECTS",
                "done                 3",
                "· type_mismatch      1  the text 'x' where a number is expected (at $.n)  AA",
                "open                 1",
                "· http_503           1  the API answered HTTP 503; again in 3 s           WW",
                "http_404             4  it does not know it                               XX, YY, ZZ, …",
            ])
        #expect(OverviewText.lines(overview, style: .plain)[0] == "request r1 (enrich): done, partial")
    }

    @Test func eachFailureShowsItsReasonInFullAndACallWithTheBeginningOfItsAnswer() throws {
        let overview = try RequestOverview(AnswerReader(parsing: Array(Self.answer.utf8)))
        #expect(
            OverviewText.examples(overview) == [
                "http_404, XX: it does not know it", "  GET http://api/XX → HTTP 404",
                "  {\"no\": \"such thing\"}\u{FFFD}",
                "http_503, WW: the API answered HTTP 503; again in 3 s",
                "type_mismatch, AA: the text 'x' where a number is expected (at $.n)",
                "  GET http://api/AA → no answer",
            ])
    }

    @Test func deliveriesShowTheirAttemptsAndTheNextOne() throws {
        let overview = try RequestOverview(AnswerReader(parsing: Array(Self.answer.utf8)))
        let now = try #require(InstantText.microseconds("2026-11-21T10:30:00Z"))
        #expect(
            OverviewText.deliveries(overview.deliveries, now: now) == [
                "delivery to crm: ready, 2 attempts, the next in 30.0 s", "  the endpoint answered HTTP 503",
                "delivery to mail: delivered, 1 attempt", "delivery to sms: ready, 1 attempt, the next is due",
            ])
    }

    @Test func deliveriesThatHaveNotGotThroughAreNamedInOneLineEach() throws {
        let text = Self.answer.replacing(
            #""sms","state":"ready","attempts":1"#, with: #""sms","state":"failed","attempts":9"#)
        let overview = try RequestOverview(AnswerReader(parsing: Array(text.utf8)))
        let lines = OverviewText.deliveries(overview.deliveries, now: 0)
        #expect(lines.contains("  weir webhook resend d-sms sends it again"))
        #expect(
            OverviewText.undelivered(overview.deliveries) == [
                "delivery to crm waits after 2 attempts: the endpoint answered HTTP 503",
                "delivery to sms was given up after 9 attempts",
            ])
        let fresh = try RequestOverview(
            AnswerReader(parsing: Array(text.replacing(#""attempts":2"#, with: #""attempts":0"#).utf8)))
        #expect(OverviewText.undelivered(fresh.deliveries)[0].hasPrefix("delivery to crm has not been tried yet"))
        #expect(fresh.deliveries.map(\.isTried) == [false, true, true])
        let posted = try RequestOverview(
            AnswerReader(
                parsing: Array(
                    Self.answer.replacing(
                        #""sms","state":"ready""#, with: #""sms","state":"in_progress""#
                    ).utf8)))
        #expect(OverviewText.undelivered(posted.deliveries).last == "delivery to sms is under way")
        #expect(posted.deliveries.map(\.isTried) == [true, true, false])
    }

    @Test(arguments: [
        (1, 3_000, "\u{1B}[33mdelivered, partial\u{1B}[0m"), (3, 0, "\u{1B}[32mdelivered\u{1B}[0m"),
        (0, 3, "\u{1B}[31mdelivered, partial\u{1B}[0m"),
    ])
    func theColourIsThatOfTheOutcomeAlsoOnceItIsDelivered(done: Int, failed: Int, headline: String) throws {
        let text = Self.answer
            .replacing(#""state":"done","substate":"partial""#, with: #""state":"delivered","substate":null"#)
            .replacing(
                #""runs":{"total":8,"open":1,"done":3,"failed":4"#,
                with: #""runs":{"total":\#(done + failed),"open":0,"done":\#(done),"failed":\#(failed)"#)
        let overview = try RequestOverview(AnswerReader(parsing: Array(text.utf8)))
        #expect(OverviewText.lines(overview, style: TextStyle(isEnabled: true))[0].hasSuffix(headline))
    }

    @Test func oneOfAKindIsSingular() throws {
        let text = Self.answer.replacing("\"total\":8", with: "\"total\":1").replacing("null}", with: "1}")
        let overview = try RequestOverview(AnswerReader(parsing: Array(text.utf8)))
        let lines = OverviewText.lines(overview, style: .plain)
        #expect(lines.contains("accepted 2026-11-21 10:29:56Z with 1 object"))
        #expect(lines.contains("result: 1 byte"))
    }

    @Test func anAnswerThatLacksAMemberIsRefusedByItsPath() {
        let error = #expect(throws: CommandError.self) {
            try RequestOverview(
                AnswerReader(
                    parsing: Array(
                        #"{"id":"r","activity":"a","state":"done","created_at":"","objects":{"total":"x"}}"#.utf8)))
        }
        #expect(error?.problem.contains("$.objects.total") == true)
    }

    @Test func problemsShowTheirDetailAndEveryPath() {
        let body =
            #"{"status":422,"code":"invalid_request","detail":"Two things are wrong.","errors":[{"path":"$.objects[3]","message":"too long"},{"path":"$.x","message":"unknown"}]}"#
        let error = ProblemAnswer(OutboundResponse(status: 422, body: Array(body.utf8))).error(url: "http://x")
        #expect(error.description == "Two things are wrong (invalid_request)\n  object 4: too long\n  --x: unknown")
        #expect(error.status == .failure)
    }

    @Test(
        arguments: [
            ("$.objects: is missing", "--objects: is missing"),
            ("$.objects[1]: is the same name as $.objects[0]", "object 2: is the same name as object 1"),
            ("$.input.q: there is no such field", "--input q: there is no such field"),
            ("$.dry_run: not a boolean", "--dry-run: not a boolean"),
            ("?state: \"x\" is no state", "--state: \"x\" is no state"),
            ("$.activity: is missing", "the activity: is missing"), ("$.activity_key: is x", "--activity-key: is x"),
            ("$.states[0]: one of failed", "--state: one of failed"),
            ("$.mapping.registry: no mapping", "--mapping registry: no mapping"),
            ("$.reason: not $.data.name, $.objects[0]", "--reason: not $.data.name, $.objects[0]"),
            ("$.objects[0]: has $.objects[7]", "object 1: has $.objects[7]"),
            ("at $.size and $.activity", "at $.size and $.activity"),
            ("$.data.name is no path", "$.data.name is no path"),
            (
                "The URL https://x/?a=1 has <<$secret.KEY>> and costs $5",
                "The URL https://x/?a=1 has <<$secret.KEY>> and costs $5"
            ),
        ])
    func whatIsWrongIsCalledAsItWasTyped(_ detail: String, _ words: String) {
        #expect(OptionNames.inPlaceOfPath(detail) == words)
    }

    @Test(
        arguments: [
            ("/v1/activity-requests/x", "'weir list'"), ("/v1/deliveries/x/resend", "'weir webhook deliveries"),
            ("/v1/webhook-endpoints/crm/secrets/x", "'weir webhook secret list"), ("/v1/runs/retry", "Check the id"),
        ])
    func whatThereIsNotIsFollowedByWhatShowsWhatThereIs(_ path: String, _ remedy: String) {
        let body = #"{"status":404,"code":"not_found","detail":"There is no such thing."}"#
        let answer = ProblemAnswer(OutboundResponse(status: 404, body: Array(body.utf8)))
        #expect(answer.error(url: "http://x" + path).remedy?.contains(remedy) == true)
        // Intake itself names the endpoints that there are.
        #expect(answer.error(url: "http://x/v1/webhook-endpoints/crm").remedy == nil)
    }

    @Test func anAnswerOfAnotherServerIsShownByItsBeginning() {
        let error = ProblemAnswer(OutboundResponse(status: 404, body: Array("<html>\u{1B}[2J".utf8))).error(
            url: "http://x")
        #expect(
            error.description.contains("http://x answered HTTP 404, and not as Weir's intake does: <html>\u{FFFD}[2J"))
    }

    @Test func aServiceThatIsAwayIsUnreachable() {
        let body = #"{"status":503,"code":"unavailable","detail":"The database is away."}"#
        let error = ProblemAnswer(OutboundResponse(status: 503, body: Array(body.utf8))).error(url: "http://x")
        #expect(error.status == .unreachable)
        #expect(error.problem.hasPrefix("weir-intake answered 503: "))
    }

    @Test func absentValuesStayAbsentInTablesAndCSV() throws {
        let lines = try ResultLine.parse(
            Array(
                """
                {"object":"NO","values":{"name":"Norway","official":"Kingdom, of \\"Norway\\"","n":1}}
                {"object":"AX","values":{"name":"Åland Islands"}}
                {"object":"XX","values":{},"error":{"state":"failed","reason":"HTTP 404"}}

                """.utf8))
        let table = ResultTable(lines)
        #expect(
            table.table().lines() == [
                "OBJECT  NAME           OFFICIAL              N  ERROR",
                "NO      Norway         Kingdom, of \"Norway\"  1",
                "AX      Åland Islands  –                     –",
                "XX      –              –                     –  failed: HTTP 404",
            ])
        #expect(
            String(decoding: table.csv(), as: UTF8.self)
                == "object,name,official,n,error\r\nNO,Norway,\"Kingdom, of \"\"Norway\"\"\",1,\r\nAX,Åland Islands,,,\r\nXX,,,,failed: HTTP 404\r\n"
        )
    }

    @Test func aNoteStandsInAColumnOfItsOwn() throws {
        let lines = try ResultLine.parse(
            Array(#"{"object":"NO","values":{"n":1},"note":"the text 'x', not a number"}"#.utf8))
        let csv = String(decoding: ResultTable(lines).csv(), as: UTF8.self)
        #expect(csv == "object,n,note\r\nNO,1,\"the text 'x', not a number\"\r\n")
    }

    @Test func aResultThatIsCutOffIsRefusedWithItsLine() {
        let error = #expect(throws: CommandError.self) {
            try ResultLine.parse(Array("{\"object\":\"A\",\"values\":{}}\n{\"obj".utf8))
        }
        #expect(error?.problem.hasPrefix("Line 2 of the result is not JSON") == true)
    }

    @Test func progressShowsABarOnceTheTotalIsKnown() {
        #expect(ProgressLine.text(5, of: 0, "run", elapsed: .zero) == "5 runs · 0 ms")
        #expect(ProgressLine.text(1, of: 1, "run", elapsed: .zero).hasSuffix(" 1/1 run · 0 ms"))
        #expect(
            ProgressLine.text(50, of: 100, "run", elapsed: .seconds(2))
                == String(repeating: "█", count: 15) + String(repeating: "░", count: 15)
                + " 50/100 runs · 2.00 s · 25/s")
        #expect(
            ProgressLine.text(200, of: 100, "run", elapsed: .zero).hasPrefix(String(repeating: "█", count: 30) + " "))
    }

    private func entry(
        _ subject: String, _ from: String?, _ to: String, count: Int = 1, at first: Int64, last: Int64? = nil,
        by actor: String = "weir-intake", reason: String? = nil
    ) -> RequestTimeline.Entry {
        RequestTimeline.Entry(
            subject: subject, from: from, to: to, count: count, first: first, last: last ?? first, actor: actor,
            reason: reason)
    }

    private static let answer = """
        {"id":"r1","activity":"enrich","state":"done","substate":"partial","reason":null,"created_at":"2026-11-21T10:29:56.904Z",
         "objects":{"total":8,"expanded":8},"plan":{"runs":8,"calls":8},
         "runs":{"total":8,"open":1,"done":3,"failed":4,"invalid":0,"timedout":0},
         "failures":[{"substate":"http_404","reason":"it does not know it","count":4,"objects":["XX","YY","ZZ"],
           "call":{"method":"GET","url":"http://api/XX","status":404,"answer":"{\\"no\\": \\"such thing\\"}\\u001b"}}],
         "waiting":[{"substate":"http_503","reason":"the API answered HTTP 503; again in 3 s","count":1,"objects":["WW"],"call":null}],
         "notes":[{"substate":"type_mismatch","reason":"the text 'x' where a number is expected (at $.n)","count":1,"objects":["AA"],
           "call":{"method":"GET","url":"http://api/AA","status":null,"answer":null}}],
         "deliveries":[
           {"id":"d-crm","endpoint":"crm","state":"ready","attempts":2,"reason":"the endpoint answered HTTP 503","next_attempt_at":"2026-11-21T10:30:30Z"},
           {"id":"d-mail","endpoint":"mail","state":"delivered","attempts":1,"reason":null,"next_attempt_at":null},
           {"id":"d-sms","endpoint":"sms","state":"ready","attempts":1,"reason":null,"next_attempt_at":"2026-11-21T10:29:59Z"}],
         "result_bytes":null}
        """
}
