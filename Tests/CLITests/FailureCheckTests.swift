import Testing

@testable import CLI
@testable import Store

@Suite("What the doctor says of failures")
struct FailureCheckTests {
    @Test func webhooksThatWaitOrWereGivenUpAreWarnings() {
        let findings = FailureCheck.webhooks([
            .init(endpoint: "acme/crm", isGivenUp: true, count: 2, reason: "the endpoint answered HTTP 500"),
            .init(endpoint: "acme/mail", isGivenUp: false, count: 1, reason: "no connection"),
        ])
        #expect(findings.map(\.standing) == [.warn, .warn])
        #expect(
            findings.map(\.text) == [
                "acme/crm: 2 webhooks of the last day given up: the endpoint answered HTTP 500",
                "acme/mail: 1 webhook waits after a failed attempt: no connection",
            ])
        #expect(FailureCheck.webhooks([]).map(\.standing) == [.ok])
    }

    @Test func aSecretThatWasMissingIsNamedWithItsAge() {
        let findings = FailureCheck.secrets([
            .init(subject: "source acme/registry", reason: "The secret X is not set", ageSeconds: 65)
        ])
        #expect(findings.map(\.standing) == [.warn])
        #expect(findings.map(\.text) == ["source acme/registry, 1 min 5 s ago: The secret X is not set"])
        #expect(FailureCheck.secrets([]).map(\.standing) == [.ok])
    }
}
