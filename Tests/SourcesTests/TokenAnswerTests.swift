import Sources
import Testing

@Suite("Answers of an authorization server")
struct TokenAnswerTests {
    private func answer(_ status: Int = 200, _ body: String) -> TokenAnswer {
        TokenAnswer(status: status, body: Array(body.utf8))
    }

    @Test(arguments: [
        (#"{"access_token":"t","token_type":"Bearer","expires_in":300}"#, 270.0),
        (#"{"access_token":"t","expires_in":"7200"}"#, 7140.0),
        (#"{"access_token":"t"}"#, 3540.0),
        (#"{"access_token":"t","expires_in":0}"#, 0.0), (#"{"access_token":"t","expires_in":-5}"#, 0.0),
        (#"{"access_token":"t","expires_in":1e300}"#, 30 * 86_400.0 - 60),
    ])
    func aTokenIsUsedALittleShorterThanItLives(_ body: String, _ seconds: Double) {
        #expect(answer(200, body) == .token(AccessToken(text: "t", life: .seconds(seconds))))
    }

    @Test(arguments: [429, 500, 503])
    func whatMayPassIsUnavailable(_ status: Int) {
        guard case .unavailable(let reason) = answer(status, #"{"error":"busy"}"#) else {
            Issue.record("not unavailable")
            return
        }
        #expect(reason == "the authorization server answered HTTP \(status): busy")
    }

    @Test(arguments: [
        (400, #"{"error":"invalid_client","error_description":"no such client"}"#, "invalid_client, no such client"),
        (401, "<html>", "refuses the credentials"), (200, "{}", "without an access_token"),
        (200, #"{"access_token":""}"#, "without an access_token"), (200, "<html>", "without an access_token"),
        (200, #"{"access_token":"t","token_type":"mac"}"#, "of type mac"), (302, "", "HTTP 302"),
    ])
    func whatWillNotPassIsRefused(_ status: Int, _ body: String, _ part: String) {
        guard case .refused(let reason) = answer(status, body) else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains(part), "\(reason)")
    }
}
