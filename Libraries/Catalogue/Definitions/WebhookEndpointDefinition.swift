public import JSON
public import Sources

/// Where an organization's events are posted.
public struct WebhookEndpointDefinition: Sendable, Hashable {
    /// The key, unique in the organization.
    public let key: String
    /// The absolute URL that deliveries are posted to.
    public let url: String
    /// The name of the signing secret, which itself never stands in a catalogue; nil when Weir makes its secrets.
    public let secretName: String?
    /// The events that it gets without being named; nil for none but what activities and workflows name it for.
    public let eventTypes: [String]?
    /// Further headers of every delivery, by their names in small letters; values may hold `<<$secret.NAME>>`.
    public let headers: JSONObject
    /// How many deliveries may be posted in a stretch of time; nil for any number.
    public let rate: CallRate?
    /// Whether deliveries about one subject arrive in the order in which they were made.
    public let isOrdered: Bool
}
