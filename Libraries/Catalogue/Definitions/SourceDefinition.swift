import JSON
import Mapping

/// A third-party HTTP API: how to ask it, how gently, and where its answers hold objects and values.
public struct SourceDefinition: Sendable, Hashable {
    /// The key, unique in the organization.
    public let key: String
    /// The name that people read.
    public let name: String
    /// The beginning of the API's addresses, without a slash at the end; nil if the template's URL is absolute in the file.
    public let baseURL: String?
    /// The HTTP request with its placeholders; its `url` is absolute, ``baseURL`` already stands in front.
    public let runRequestTemplate: JSONValue
    /// How many objects one request may carry.
    public let maxObjects: Int
    /// How the API is called.
    public let setup: SourceSetup
    /// Where an answer names its objects, per object type.
    public let objectMappings: [ObjectMappingDefinition]
    /// Where an answer holds values, per datapoint.
    public let datapointMappings: [DatapointMappingDefinition]
}

/// How a source's API is called: all bounds, all explicit.
public struct SourceSetup: Sendable, Hashable {
    /// How many requests may be in flight at once, over all executors.
    public let concurrency: Int
    /// How long one HTTP exchange may take, in milliseconds.
    public let timeoutMilliseconds: Int
    /// How long a run may wait for its turn, its tries and the waits between them, in milliseconds; nil: as long as its request may take.
    public let runTimeoutMilliseconds: Int?
    /// The longest answer that is read, in bytes.
    public let responseBytesMax: Int
    /// When an exchange is tried again.
    public let retry: RetryPolicy
}

/// Exponential back-off with jitter: the wait before attempt `n` is drawn up to `base` times 2 to the power of `n - 2`.
public struct RetryPolicy: Sendable, Hashable {
    /// How often an exchange is tried in all; 1 means never again.
    public let attempts: Int
    /// The first wait, in milliseconds.
    public let baseMilliseconds: Int
    /// The longest wait, in milliseconds.
    public let maxMilliseconds: Int
}

/// Where a source's answer names objects of one type.
public struct ObjectMappingDefinition: Sendable, Hashable {
    /// The object type's key.
    public let objectType: String
    /// The places that name an object each.
    public let keyMapping: PathPattern
    /// How a name is made of what stands there.
    public let keyMappingType: ObjectNameKind
}

/// Where a source's answer holds the values of one datapoint.
public struct DatapointMappingDefinition: Sendable, Hashable {
    /// The object type's key.
    public let objectType: String
    /// The datapoint's key.
    public let datapoint: String
    /// Path patterns in the order in which they are tried.
    public let keyMappings: [PathPattern]
}
