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

    @Test func aSourceThatGaveNothingIsAWarningWithTheKindsOfItsFailures() {
        let findings = FailureCheck.runs([
            .init(source: "acme/crm", failure: nil, count: 7), .init(source: "acme/crm", failure: "http_404", count: 2),
            .init(source: "acme/news", failure: nil, count: 5),
            .init(source: "acme/registry", failure: "connect", count: 3),
            .init(source: "acme/registry", failure: "timeout", count: 1),
        ])
        #expect(findings.map(\.standing) == [.ok, .warn])
        #expect(
            findings.map(\.text) == [
                "acme/crm: of 9 runs of the last hour: 2 http_404",
                "acme/registry: 4 runs of the last hour, none succeeded: 3 connect, 1 timeout",
            ])
        #expect(FailureCheck.runs([]).map(\.text) == ["no run of the last hour failed"])
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
