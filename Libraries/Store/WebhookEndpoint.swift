import Contracts

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where an organization's events are posted, and how that goes.
public struct WebhookEndpoint: Sendable {
    /// The endpoint.
    public let id: EndpointID
    /// The key, unique in the organization.
    public let key: String
    /// Where events are posted.
    public let url: String
    /// The name of the secret that the catalogue gives it; nil when it gives none.
    public let secretName: String?
    /// The events that it gets without being named; nil for none but what activities and workflows name it for.
    public let eventTypes: [String]?
    /// The names of the further headers of its deliveries; their values may be secret.
    public let headerNames: [String]
    /// How many deliveries may be posted in how many seconds; nil for any number.
    public let rate: (calls: Int, perSeconds: Double)?
    /// Whether deliveries about one subject arrive in order.
    public let isOrdered: Bool
    /// Since when it gets nothing, and why; nil while it is enabled.
    public let disabled: (at: Date, reason: String?)?
    /// Since when nothing has got through; nil when the last attempt did.
    public let failingSince: Date?
    /// When something got through last; nil when nothing has.
    public let lastSuccessAt: Date?
    /// Until when nothing is posted, because most of it failed, or it lacks a secret or a header; nil when that is not so, and while a probe is under way.
    public let pausedUntil: Date?
    /// The secrets that Weir has made for it and that sign now, the oldest first.
    public internal(set) var secrets: [WebhookSecretRecord] = []
}

/// A signing secret as lists show it; the secret itself was shown when it was made.
public struct WebhookSecretRecord: Sendable {
    /// The secret.
    public let id: WebhookSecretID
    /// `whsec` or `whsk`.
    public let kind: String
    /// What verifies its signatures, `whpk_…`; nil where the secret itself does.
    public let publicKey: String?
    /// When it was made.
    public let createdAt: Date
    /// Until when it signs; nil while nothing has taken its place.
    public let expiresAt: Date?
}

/// Why something is not done to an endpoint or a delivery.
public enum EndpointRefusal: Error, Sendable {
    /// The organization has no endpoint of that key; it has these.
    case unknownEndpoint(known: [String])
    /// The endpoint is disabled, for this reason.
    case disabled(endpoint: String, reason: String?)
    /// It has as many secrets as it can have.
    case tooManySecrets(maximum: Int)
    /// It has no such secret.
    case unknownSecret
    /// It would have no secret left to sign with.
    case lastSecret
    /// The organization has no such delivery.
    case unknownDelivery
    /// The delivery is being posted now.
    case beingPosted
    /// Its request was taken up again, so that it is out of date.
    case superseded
}
