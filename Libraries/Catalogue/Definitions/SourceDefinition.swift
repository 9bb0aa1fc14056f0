import JSON
import Mapping
import Sources

/// A third-party HTTP API: how to ask it, how gently, and where its answers hold objects and values.
public struct SourceDefinition: Sendable, Hashable {
    /// The key, unique in the organization.
    public let key: String
    /// The name that people read.
    public let name: String
    /// The beginning of the API's addresses, without a slash at the end; nil if the template's URL is absolute in the file.
    public let baseURL: String?
    /// The HTTP requests with their placeholders; each `url` is absolute, ``baseURL`` already stands in front.
    public let templates: SourceTemplates
    /// How many objects one request may carry.
    public let maxObjects: Int
    /// How the API is called.
    public let setup: SourceSetup
    /// Where an answer names its objects, per object type.
    public let objectMappings: [ObjectMappingDefinition]
    /// Where an answer holds values, per datapoint.
    public let datapointMappings: [DatapointMappingDefinition]
    /// Mappings that the file takes away by name; others that it does not mention stay.
    public let removedMappings: [RemovedMapping]
}

/// A mapping that a file says there is none of (`null` in place of a path).
public struct RemovedMapping: Sendable, Hashable {
    /// The object type's key.
    public let objectType: String
    /// The datapoint's key; nil: where an answer names the objects.
    public let datapoint: String?
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
