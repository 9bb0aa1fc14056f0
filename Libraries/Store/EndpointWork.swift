import Contracts

/// An endpoint for which deliveries are ready.
public struct EndpointWork: Sendable, Equatable {
    /// The tenant.
    public let org: OrgID
    /// The endpoint.
    public let endpoint: EndpointID
    /// How long until something may be posted: the first delivery is not due before, or the breaker or the rate holds it. Zero or less: now.
    public let wait: Duration
    /// Whether the last attempt got through.
    public let isProven: Bool
    /// Whether it is disabled or deleted, so that nothing is posted to it any more.
    public let isEnded: Bool

    /// An endpoint with work.
    public init(org: OrgID, endpoint: EndpointID, wait: Duration, isProven: Bool, isEnded: Bool) {
        self.org = org
        self.endpoint = endpoint
        self.wait = wait
        self.isProven = isProven
        self.isEnded = isEnded
    }
}

/// How many deliveries of an endpoint a worker has room for.
public struct EndpointTurn: Sendable, Equatable {
    /// The tenant.
    public let org: OrgID
    /// The endpoint.
    public let endpoint: EndpointID
    /// The deliveries that may be claimed.
    public let room: Int

    /// A turn of an endpoint.
    public init(org: OrgID, endpoint: EndpointID, room: Int) {
        self.org = org
        self.endpoint = endpoint
        self.room = room
    }
}

/// What has become of an endpoint because of how deliveries to it went.
public struct EndpointEvent: Sendable {
    /// The change.
    public enum Change: String, Sendable {
        /// Most attempts failed: nothing is posted for a while.
        case opened
        /// It lacks a secret or a header: nothing is posted for a while.
        case held
        /// The probe failed too: nothing is posted for a longer while.
        case stillOpen = "still open"
        /// The probe got through: all is posted again.
        case closed
        /// Nothing is posted to it until somebody enables it.
        case disabled
    }

    /// The tenant.
    public let org: OrgID
    /// The endpoint.
    public let endpoint: EndpointID
    /// What happened.
    public let change: Change
}
