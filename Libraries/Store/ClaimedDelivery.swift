import Contracts
import Postgres

/// A webhook that this worker has to post.
public struct ClaimedDelivery: Sendable {
    /// A signing secret that Weir has made, as it is stored.
    public struct SealedSecret: Sendable {
        /// Its row, for which alone it opens.
        public let id: WebhookSecretID
        /// See `WebhookSecretSeal`.
        public let bytes: [UInt8]
    }

    /// The delivery, known to its receiver as `webhook-id`.
    public let id: DeliveryID
    /// The tenant.
    public let org: OrgID
    /// Where it goes to.
    public let endpoint: EndpointID
    /// The request whose outcome it is; nil for other events.
    public let request: ActivityRequestID?
    /// What it tells, such as `activity_request.completed`.
    public let eventType: String
    /// The trace of whoever asked; nil when they gave none.
    public let trace: TraceContext?
    /// How often it has been tried, this time included.
    public let attempt: Int
    /// How often it was tried until it was last over; the schedule of retries begins after these.
    public let attemptsBefore: Int
    /// Where to.
    public let url: String
    /// Further headers, a JSON object; a value may refer to secrets.
    public let headers: JSONB
    /// The name of the signing secret; nil when the endpoint has none but those that Weir has made.
    public let secretName: String?
    /// The signing secrets that Weir has made for the endpoint and that have not expired, the newest first.
    public let sealedSecrets: [SealedSecret]
    /// The bytes to sign and post.
    public let payload: [UInt8]
}
