import Testing

@testable import CLI

@Suite("Endpoints in words")
struct EndpointTextTests {
    private static let answer = """
        {"key":"crm","url":"http://crm/\\u001b[2J","state":"disabled","disabled_reason":"it answered HTTP 410 (Gone)","event_types":null,
         "headers":[],"rate":null,"ordered":false,"secret_name":null,"health":{"failing_since":null,"last_success_at":null,"paused_until":null},
         "secrets":[{"id":"s1","kind":"whsec","created_at":"2026-11-26T10:11:35.261Z","expires_at":"2026-11-27T10:11:39.814Z"},
                    {"id":"s2","kind":"whsk","created_at":"2026-11-26T10:12:35.261Z","expires_at":null}]}
        """

    @Test func coloursReachTheTerminalAndWhatOthersWroteCannotGiveItCommands() throws {
        let lines = try EndpointText.lines(
            AnswerReader(parsing: Array(Self.answer.utf8)), style: TextStyle(isEnabled: true))
        #expect(lines[0] == "endpoint crm: \u{1B}[31mdisabled\u{1B}[0m")
        #expect(lines[1] == "posts to: http://crm/\u{FFFD}[2J")
    }

    @Test func whatElseSignsIsSaidOfANewSecret() throws {
        let endpoint = try AnswerReader(parsing: Array(Self.answer.utf8))
        #expect(EndpointText.stillSigning(endpoint, besides: "s2") == ["whsec s1 signs until 2026-11-27 10:11Z"])
        #expect(EndpointText.stillSigning(endpoint, besides: "s1") == ["whsk s2 signs too"])
    }
}
