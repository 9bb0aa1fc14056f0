import Foundation
import JSON
import Synchronization
import Testing

extension IntegrationTests {
    /// A source that is nothing but a declaration: a token of an authorization server, pages, and answers that say more than their status.
    @Suite("Declared sources")
    struct DeclaredSourceTests {
        /// An API of companies. Its answer about one is two pages long, and whoever asks needs a token that is good.
        private final class CompanyAPI: Sendable {
            struct State {
                var given = 0
                var good: String?
                var fetching = 0
                var fetchingMax = 0
                var calls: [String: Int] = [:]
                var callsUntilRevoked = 40
            }

            let state = Mutex(State())

            func reply(to request: StubRequest) -> StubReply {
                request.target == "/token" ? token(request) : page(request)
            }

            private func token(_ request: StubRequest) -> StubReply {
                let expected = "Basic " + Data("weir:s3cret-client".utf8).base64EncodedString()
                guard request.headers["authorization"] == expected else { return .status(401) }
                state.withLock { state in
                    state.fetching += 1
                    state.fetchingMax = max(state.fetchingMax, state.fetching)
                }
                // Others ask meanwhile.
                usleep(50_000)
                return state.withLock { state in
                    state.fetching -= 1
                    state.given += 1
                    state.good = "s3cret-token-\(state.given)"
                    return .json(#"{"access_token":"s3cret-token-\#(state.given)","expires_in":3600}"#)
                }
            }

            private func page(_ request: StubRequest) -> StubReply {
                let target = request.target.split(separator: "?")
                let name = request.lastComponent
                let call = state.withLock { state -> Int? in
                    if state.callsUntilRevoked == 0 { state.good = nil }
                    state.callsUntilRevoked -= 1
                    guard let good = state.good, request.headers["authorization"] == "Bearer \(good)" else {
                        return nil
                    }
                    defer { state.calls[name, default: 0] += 1 }
                    return state.calls[name, default: 0]
                }
                guard let call else { return .answer(status: 401, body: Array("not \(request.headers)".utf8)) }
                switch name {
                case "unknown": return .status(404)
                case "limited" where call < 2: return .json(#"{"error":"RATE_LIMITED"}"#)
                case "broken": return .json(#"{"error":"CORRUPT"}"#)
                case "looping": return .json(#"{"profile":{},"next":"same"}"#)
                case "unpaid" where call == 0: return .status(402)
                default: break
                }
                return target.last == "from=second"
                    ? .json(#"{"profile":{"industry":"weirs"},"next":null}"#)
                    : .json(#"{"profile":{"legal_name":"\#(name) GmbH"},"next":"second"}"#)
            }
        }

        private static func catalogue(_ url: String) -> String {
            """
            organization: acme
            object_types:
              company: { datapoints: { legal_name: text, industry: text } }
            sources:
              companies:
                base_url: \(url)
                auth: { type: oauth2, token_url: /token, client_id: weir, client_secret: <<$secret.CLIENT>> }
                run_request_template: { url: /companies/<<$object>> }
                pagination: { type: cursor, parameter: from, next: [next] }
                response_rules:
                  - { when: { status: 404 }, action: no_data, reason: The register has no such company }
                  - { when: { body: { path: [error], equals: RATE_LIMITED } }, action: retry_later, after: 1s }
                  - { when: { body: { path: [error], exists: true } }, action: fail, reason: The register is damaged }
                  - { when: { status: 402 }, action: pause_source, after: 1s, reason: The account is empty }
                retry: { attempts: 1 }
                datapoint_source:
                  company: { legal_name: [profile, legal_name], industry: [profile, industry] }
            activities:
              look_up: { type: enrichment, object_type: company, sources: [companies] }
            """
        }

        @Test func tokensPagesAndRulesWorkOverSeveralExecutors() async throws {
            let api = CompanyAPI()
            let server = try StubServer { api.reply(to: $0) }
            do {
                try await withPlatform(
                    .init(counts: [.executor: 2], shared: ["WEIR_SECRET_CLIENT": "s3cret-client"])
                ) { platform in
                    try await platform.database.apply(Self.catalogue(server.url))
                    let odd = ["unknown", "limited", "broken", "looping", "unpaid"]
                    let names = (0..<100).map { "company-\($0)" } + odd
                    let id = try await platform.client.submit(names, activity: "look_up")
                    _ = try await platform.client.wait(for: id, toBe: "done")
                    try await check(id, names: names, odd: odd, platform)
                    // One token for all executors, and one more when it was revoked.
                    let tokens = api.state.withLock { (given: $0.given, atOnce: $0.fetchingMax) }
                    #expect(tokens.given == 2 && tokens.atOnce == 1, "\(tokens)")
                    try await platform.expectNowhere(["s3cret"])
                }
            } catch {
                await server.stop()
                throw error
            }
            await server.stop()
        }

        private func check(_ id: String, names: [String], odd: [String], _ platform: Platform) async throws {
            let lines = try await platform.client.get("/v1/activity-requests/\(id)/result?format=ndjson").lines
            let values = Dictionary(
                lines.map { ($0["object"]?.stringValue ?? "", $0["values"]) }, uniquingKeysWith: { first, _ in first })
            let without: Set = ["unknown", "broken", "looping"]
            for name in names {
                let expected: JSONValue =
                    without.contains(name) ? [:] : ["legal_name": .string("\(name) GmbH"), "industry": "weirs"]
                #expect(values[name] == expected, "\(name): \(String(describing: values[name]))")
            }
            let ends = try await platform.database.column(
                String.self,
                """
                select concat_ws(' ', o.name, r.state, r.state_substate, 'attempt ' || r.attempt, r.state_reason)
                from public.run_queue as r
                join public.request_object as o
                  on o.activity_request_id = r.activity_request_id and o.position = r.position
                where o.name = any ($1) order by o.name
                """, odd)
            #expect(
                ends == [
                    "broken failed response_rule attempt 1 The register is damaged (the API answered HTTP 200)",
                    "limited done attempt 1",
                    "looping failed pagination_loop attempt 1 page 2 of the answer is page 1, which was read already; the cursor (parameter from), as page 1 gives it, leads back there, or the API does not heed it",
                    "unknown done no_data attempt 1 The register has no such company (the API answered HTTP 404)",
                    "unpaid done attempt 1",
                ])
            let paused = try await platform.database.value(
                String.self, "select paused_reason from public.source where key = 'companies'")
            #expect(paused == "The account is empty (the API answered HTTP 402)")
            let unpaged = try await platform.database.value(
                Int.self, "select count(*) from public.run_result where no_data is null and pages is distinct from 2")
            #expect(unpaged == 0)
            let alone = try await platform.database.value(
                Int.self,
                """
                select count(*) from public.run_result as x
                where x.no_data is null and (select count(*) from public.run_log as l where l.run_request_id = x.run_request_id) < 2
                """)
            #expect(alone == 0)
        }
    }
}
