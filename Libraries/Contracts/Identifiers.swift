#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The id of one kind of row: a UUIDv7 that cannot be confused with the id of another kind.
public struct ID<Entity>: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The id as Postgres and JSON know it.
    public let uuid: UUID

    /// Wraps a UUID that is known to name an `Entity`.
    public init(_ uuid: UUID) {
        self.uuid = uuid
    }

    /// Reads the usual text form; nil when the text is not a UUID.
    public init?(_ text: String) {
        guard let uuid = UUID(uuidString: text) else { return nil }
        self.uuid = uuid
    }

    /// The lower-case text form that every message and page shows.
    public var description: String { uuid.uuidString.lowercased() }

    /// Byte order, which for UUIDv7 is the order of making.
    public static func < (left: Self, right: Self) -> Bool {
        withUnsafeBytes(of: left.uuid.uuid) { left in
            withUnsafeBytes(of: right.uuid.uuid) { right in left.lexicographicallyPrecedes(right) }
        }
    }
}

/// What ids can name. Never instantiated.
public enum Entities {
    /// A tenant.
    public enum Org {}
    /// A request for an activity.
    public enum ActivityRequest {}
    /// A kind of work that an organization has declared.
    public enum Activity {}
    /// One object at one source.
    public enum Run {}
    /// One HTTP exchange.
    public enum RunRequest {}
    /// A third-party API.
    public enum Source {}
    /// A company, a person, a country.
    public enum Object {}
    /// A class of objects.
    public enum ObjectType {}
    /// A named value of an object type.
    public enum Datapoint {}
    /// One webhook to one endpoint.
    public enum Delivery {}
    /// A mapping that one request is given for the answers of a source.
    public enum RequestMapping {}
    /// Where webhooks are posted to.
    public enum Endpoint {}
    /// A signing secret that Weir has made for an endpoint.
    public enum WebhookSecret {}
    /// A running process that may hold claims.
    public enum Worker {}
    /// A client's key.
    public enum APIKey {}
}

/// The id of a tenant.
public typealias OrgID = ID<Entities.Org>
/// The id of a request for an activity.
public typealias ActivityRequestID = ID<Entities.ActivityRequest>
/// The id of an activity.
public typealias ActivityID = ID<Entities.Activity>
/// The id of a run.
public typealias RunID = ID<Entities.Run>
/// The id of an HTTP exchange.
public typealias RunRequestID = ID<Entities.RunRequest>
/// The id of a source.
public typealias SourceID = ID<Entities.Source>
/// The id of an object.
public typealias ObjectID = ID<Entities.Object>
/// The id of an object type.
public typealias ObjectTypeID = ID<Entities.ObjectType>
/// The id of a datapoint.
public typealias DatapointID = ID<Entities.Datapoint>
/// The id of a delivery, which its receiver knows as `webhook-id`.
public typealias DeliveryID = ID<Entities.Delivery>
/// The id of a worker.
public typealias WorkerID = ID<Entities.Worker>
/// The id of an API key.
public typealias APIKeyID = ID<Entities.APIKey>
/// The id of a mapping that one request is given.
public typealias RequestMappingID = ID<Entities.RequestMapping>
/// The id of a webhook endpoint.
public typealias EndpointID = ID<Entities.Endpoint>
/// The id of a signing secret that Weir has made for an endpoint.
public typealias WebhookSecretID = ID<Entities.WebhookSecret>
