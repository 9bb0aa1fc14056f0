import Contracts
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What actions on webhook endpoints are told.
extension ActionBody {
    /// How long secrets go on signing that another takes the place of, unless said otherwise, and at the most.
    private static let graceDefault: Duration = .seconds(24 * 3600)
    private static let graceMax: Duration = .seconds(30 * 86_400)

    /// What secret is to be made; nil: of the same kind as the newest.
    var secretKind: GeneratedSecret.Kind? {
        get throws {
            guard let text = try text("kind") else { return nil }
            guard let kind = GeneratedSecret.Kind(rawValue: text) else {
                throw Self.problem(
                    "$.kind", "whsec (a shared secret, signatures v1) or whsk (a key pair, signatures v1a)")
            }
            return kind
        }
    }

    /// How long the secrets that there are go on signing.
    var grace: Duration {
        get throws {
            guard let text = try text("grace") else { return Self.graceDefault }
            guard let grace = DurationText.parse(text), grace >= .zero, grace <= Self.graceMax else {
                throw Self.problem("$.grace", "a length of time from 0s to 30d, such as 24h")
            }
            return grace
        }
    }

    /// From when on deliveries were given up.
    var failedSince: Date {
        get throws {
            guard let date = try date("since") else {
                throw Self.problem(
                    "$.since", "needed: from when on deliveries were given up, such as 2026-11-26T08:00:00Z")
            }
            return date
        }
    }

    /// Where the next page begins, when that is a moment.
    var momentCursor: Date? {
        get throws {
            do {
                return try date("cursor")
            } catch {
                throw Self.badCursor
            }
        }
    }
}
