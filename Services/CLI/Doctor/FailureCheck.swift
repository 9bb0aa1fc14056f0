import Contracts
import Store

/// What failed of late between Weir and others. The services have the secrets and this command has not, so it goes by what they
/// recorded when they last needed one.
struct FailureCheck {
    let survey: FailureSurvey

    func findings() async throws -> [Finding] {
        try await Self.runs(survey.endedRuns()) + Self.webhooks(survey.failedWebhooks())
            + Self.secrets(survey.missingSecrets())
    }

    /// Some failures are the business of whoever asked; a source that gave nothing at all is a warning.
    static func runs(_ ended: [FailureSurvey.Runs]) -> [Finding] {
        let findings = Dictionary(grouping: ended, by: \.source).sorted { $0.key < $1.key }.compactMap {
            source, runs -> Finding? in
            let failures = runs.compactMap { runs in runs.failure.map { "\(runs.count) \($0)" } }
            guard !failures.isEmpty else { return nil }
            let total = Quantity(runs.reduce(0) { $0 + $1.count }, "run")
            let kinds = failures.joined(separator: ", ")
            guard failures.count == runs.count else {
                return .ok("failures", "\(source): of \(total) of the last hour: \(kinds)")
            }
            return .warn(
                "failures", "\(source): \(total) of the last hour, none succeeded: \(kinds)",
                remedy: "'weir status REQUEST' shows an example; docs/errors.md explains the words")
        }
        return findings.isEmpty ? [.ok("failures", "no run of the last hour failed")] : findings
    }

    static func webhooks(_ failed: [FailureSurvey.Webhooks]) -> [Finding] {
        guard !failed.isEmpty else {
            return [.ok("webhooks", "none of the last day was given up or waits after a failed attempt")]
        }
        return failed.map { webhooks in
            let count = Quantity(webhooks.count, "webhook")
            guard webhooks.isGivenUp else {
                return .warn(
                    "webhooks",
                    "\(webhooks.endpoint): \(count) wait\(webhooks.count == 1 ? "s" : "") after a failed attempt: \(webhooks.reason)",
                    remedy: "Further attempts follow by themselves; 'weir status REQUEST' says when")
            }
            return .warn(
                "webhooks", "\(webhooks.endpoint): \(count) of the last day given up: \(webhooks.reason)",
                remedy: "Mend the endpoint; 'weir result REQUEST' has what it did not get")
        }
    }

    static func secrets(_ missing: [FailureSurvey.Secret]) -> [Finding] {
        guard !missing.isEmpty else { return [.ok("secrets", "no call and no webhook of the last day lacked one")] }
        return missing.map { secret in
            .warn(
                "secrets",
                "\(secret.subject), \(DurationText.of(.seconds(secret.ageSeconds))) ago: \(secret.reason)",
                remedy: "Set it where weir-executor and weir-delivery run and start them again; the next call shows it")
        }
    }
}
