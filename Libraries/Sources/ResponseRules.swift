import Mapping

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The response rules of a source, compiled: what each of its answers means. Pure.
public struct ResponseRules: Sendable {
    private let rules: [ResponseRule]
    /// The paths of all conditions on bodies: a document is looked through once, however many rules ask.
    private let bodies: PatternSet?
    private let canRefresh: Bool

    /// The longest wait that an API can ask for by `Retry-After`; one that asks for more is asked again after this.
    public static let waitMax: Duration = .seconds(86_400)

    /// Compiles rules.
    ///
    /// - Parameter authentication: credentials that are fetched are fetched anew after a 401, unless a rule says otherwise.
    public init(_ rules: [ResponseRule], authentication: Authentication = .none) {
        self.rules = rules
        bodies = rules.contains { $0.body != nil } ? PatternSet(rules.map { $0.body?.path ?? [] }) : nil
        canRefresh = if case .clientCredentials = authentication { true } else { false }
    }

    /// What an answer means.
    ///
    /// - Parameters:
    ///   - header: the first field of that name, in small letters.
    ///   - now: for a `Retry-After` that is a date.
    public func verdict(
        status: Int, header: (String) -> String?, body: [UInt8], now: () -> Date
    ) -> ResponseVerdict {
        if rules.isEmpty, (200..<300).contains(status) {
            return ResponseVerdict(action: .success, substate: "", reason: "")
        }
        if let place = rule(for: status, header, body) {
            return verdict(of: rules[place], place: place, status: status, header: header, now: now)
        }
        let action = ResponseRule.standard(for: status, canRefresh: canRefresh)
        let retryAfter = action == .retry ? Self.wait(header, now) : nil
        return ResponseVerdict(
            action: action, after: retryAfter, substate: "http_\(status)", reason: Self.sentence(status: status))
    }

    private func verdict(
        of rule: ResponseRule, place: Int, status: Int, header: (String) -> String?, now: () -> Date
    ) -> ResponseVerdict {
        let after: Duration? =
            switch rule.action {
            case .retry: Self.wait(header, now)
            case .retryLater, .pauseSource:
                Self.wait(header, now)
                    ?? .milliseconds(rule.afterMilliseconds ?? ResponseRule.afterMillisecondsStandard)
            default: nil
            }
        let answered = "the API answered HTTP \(status)"
        let isSuccess = (200..<300).contains(status)
        return ResponseVerdict(
            action: rule.action, after: after, substate: isSuccess ? "response_rule" : "http_\(status)",
            reason: rule.reason.map { "\($0) (\(answered))" }
                ?? "\(answered), and response rule \(place + 1) of the source says \(rule.action.rawValue)")
    }

    private func rule(for status: Int, _ header: (String) -> String?, _ body: [UInt8]) -> Int? {
        var bodyHolds: [Bool]?
        for (place, rule) in rules.enumerated() {
            if let statuses = rule.statuses, !statuses.contains(status) { continue }
            if let condition = rule.header {
                guard let value = header(condition.name), condition.test.holds(for: value) else { continue }
            }
            if rule.body != nil {
                let holds = bodyHolds ?? conditionsThatHold(for: body)
                bodyHolds = holds
                guard holds[place] else { continue }
            }
            return place
        }
        return nil
    }

    /// For each rule whether its condition on the body holds; none does for a body that is not JSON.
    private func conditionsThatHold(for body: [UInt8]) -> [Bool] {
        var holds = [Bool](repeating: false, count: rules.count)
        // What is wrong with a body is said when it is mapped.
        try? bodies?.forEachMatch(in: body) { place, value in
            guard !holds[place], let test = rules[place].body?.test else { return }
            holds[place] = test.holds(for: value())
        }
        return holds
    }

    private static func wait(_ header: (String) -> String?, _ now: () -> Date) -> Duration? {
        header("retry-after").flatMap { RetryAfter.parse($0, now: now()) }.map { min($0, waitMax) }
    }

    private static func sentence(status: Int) -> String {
        switch status {
        case 300..<400:
            "the API answered HTTP \(status), a redirect; redirects are not followed, so put the final address into the source"
        case 401, 403: "the API answered HTTP \(status): it refuses the credentials of this source"
        case 404, 410: "the API answered HTTP \(status): it does not know this object"
        case 429: "the API answered HTTP 429: too many requests"
        default: "the API answered HTTP \(status)"
        }
    }
}

extension ResponseRule {
    /// What a status means where no rule says anything.
    ///
    /// - Parameter canRefresh: whether the credentials are fetched, so that new ones may help.
    public static func standard(for status: Int, canRefresh: Bool = false) -> Action {
        switch status {
        case 200..<300: .success
        case 401 where canRefresh: .refreshCredentials
        case 408, 425, 429, 500...: .retry
        default: .fail
        }
    }
}
