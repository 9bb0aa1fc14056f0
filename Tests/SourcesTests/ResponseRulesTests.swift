import JSON
import Mapping
import Sources
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Response rules")
struct ResponseRulesTests {
    private static let quota = ResponseRule(
        statuses: .anyOf([200]), body: .init(path: ["error", "code"], test: .equals("RATE_LIMITED")),
        action: .retryLater, afterMilliseconds: 30_000, reason: "The API's quota is used up")

    private func verdict(
        _ rules: [ResponseRule], _ status: Int, headers: [String: String] = [:], body: String = "{}",
        authentication: Authentication = .none
    ) -> ResponseVerdict {
        ResponseRules(rules, authentication: authentication).verdict(
            status: status, header: { headers[$0] }, body: Array(body.utf8), now: { Date(timeIntervalSince1970: 0) })
    }

    @Test(arguments: [200, 201, 204, 299])
    func successIsAnAnswer(_ status: Int) {
        #expect(verdict([], status).action == .success)
        #expect(verdict([Self.quota], status).action == .success)
    }

    @Test(arguments: [408, 425, 429, 500, 503, 599])
    func whatMayPassIsTriedAgain(_ status: Int) {
        let verdict = verdict([], status, headers: ["retry-after": "7"])
        #expect(verdict.action == .retry && verdict.substate == "http_\(status)" && verdict.after == .seconds(7))
    }

    @Test(arguments: [301, 302, 400, 401, 404, 410, 422])
    func whatWillNotPassFails(_ status: Int) {
        let verdict = verdict([], status, headers: ["retry-after": "7"])
        #expect(verdict.action == .fail && verdict.substate == "http_\(status)" && verdict.after == nil)
    }

    @Test func credentialsThatAreFetchedAreFetchedAnewAfterA401AndNotAfterA403() {
        let credentials = Authentication.clientCredentials(
            ClientCredentials(tokenURL: "https://a/", clientID: "i", clientSecret: "s"))
        #expect(verdict([], 401, authentication: credentials).action == .refreshCredentials)
        #expect(verdict([], 403, authentication: credentials).action == .fail)
        let rule = ResponseRule(statuses: .anyOf([401]), action: .fail)
        #expect(verdict([rule], 401, authentication: credentials).action == .fail)
    }

    @Test func anErrorInsideASuccessIsFound() {
        let verdict = verdict([Self.quota], 200, body: #"{"error":{"code":"RATE_LIMITED"}}"#)
        #expect(verdict.action == .retryLater && verdict.after == .seconds(30))
        #expect(verdict.substate == "response_rule")
        #expect(verdict.reason == "The API's quota is used up (the API answered HTTP 200)")
    }

    @Test func theFirstRuleThatFitsDecides() {
        let rules = [
            ResponseRule(statuses: .anyOf([404, 410]), action: .noData),
            ResponseRule(statuses: .hundreds(4), action: .retry),
            ResponseRule(action: .fail),
        ]
        #expect(
            [410, 404, 418, 500, 200].map { verdict(rules, $0).action } == [.noData, .noData, .retry, .fail, .fail])
        #expect(verdict(rules, 418).reason == "the API answered HTTP 418, and response rule 2 of the source says retry")
    }

    @Test func allConditionsOfARuleHaveToHold() {
        let rule = ResponseRule(
            statuses: .hundreds(2), header: .init(name: "x-state", test: .contains("DEGR")),
            body: .init(path: ["items", "*", "ok"], test: .equals(false)), action: .retry)
        let body = #"{"items":[{"ok":true},{"ok":false}]}"#
        #expect(verdict([rule], 200, headers: ["x-state": "degraded"], body: body).action == .retry)
        #expect(verdict([rule], 200, headers: ["x-state": "fine"], body: body).action == .success)
        #expect(verdict([rule], 200, headers: [:], body: body).action == .success)
        #expect(verdict([rule], 200, headers: ["x-state": "degraded"], body: "{}").action == .success)
        #expect(verdict([rule], 200, headers: ["x-state": "degraded"], body: "<html>").action == .success)
        #expect(verdict([rule], 500, headers: ["x-state": "degraded"], body: body).action == .retry)
    }

    @Test(arguments: [
        (ResponseRule.Test.exists, #"0"#, true), (.exists, "null", false), (.equals(1), "1.0", true),
        (.equals("1"), "1", false), (.equals(["a": 1]), #"{"a":1}"#, true), (.anyOf(["x", 2]), "2", true),
        (.anyOf(["x", 2]), #""y""#, false), (.contains("limit"), #""Rate LIMIT hit""#, true),
        (.contains("limit"), #"{"deep":"limit"}"#, true), (.contains("limit"), "17", false),
    ])
    func testsOfABody(_ test: ResponseRule.Test, _ value: String, _ holds: Bool) {
        let rule = ResponseRule(body: .init(path: ["v"], test: test), action: .fail)
        #expect((verdict([rule], 200, body: #"{"v":\#(value)}"#).action == .fail) == holds)
    }

    @Test func whatIsNotThereHoldsNoTest() {
        for test in [ResponseRule.Test.exists, .equals(.null), .contains("")] {
            let rule = ResponseRule(body: .init(path: ["v"], test: test), action: .fail)
            #expect(verdict([rule], 200, body: "{}").action == .success)
        }
    }

    @Test(arguments: [
        (ResponseRule.Test.exists, true), (.equals("5"), true), (.equals(5), true), (.equals("6"), false),
        (.anyOf([4, 5]), true), (.contains("5"), true),
    ])
    func aHeaderIsComparedAsText(_ test: ResponseRule.Test, _ holds: Bool) {
        let rule = ResponseRule(header: .init(name: "x-left", test: test), action: .fail)
        #expect((verdict([rule], 200, headers: ["x-left": "5"]).action == .fail) == holds)
    }

    @Test func theAPIsOwnWaitComesBeforeTheRules() {
        var rule = ResponseRule(statuses: .anyOf([429]), action: .pauseSource, afterMilliseconds: 1_000)
        #expect(verdict([rule], 429).after == .seconds(1))
        #expect(verdict([rule], 429, headers: ["retry-after": "90"]).after == .seconds(90))
        #expect(verdict([rule], 429, headers: ["retry-after": "99999999"]).after == ResponseRules.waitMax)
        rule.afterMilliseconds = nil
        #expect(verdict([rule], 429).after == .seconds(60))
    }
}
