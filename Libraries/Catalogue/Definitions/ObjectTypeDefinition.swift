import Mapping

/// A kind of object, such as a company or a country, and what can be known about one.
public struct ObjectTypeDefinition: Sendable, Hashable {
    /// The key, unique in the organization.
    public let key: String
    /// The name that people read.
    public let name: String
    /// What can be known about an object of this type.
    public let datapoints: [DatapointDefinition]
}

/// Something that can be known about an object: a named, typed value.
public struct DatapointDefinition: Sendable, Hashable {
    /// The key, unique in the object type.
    public let key: String
    /// The name that people read.
    public let name: String
    /// The type of its values.
    public let dataType: DatapointType
    /// How its values are brought into one form; nil: not at all.
    public let normalization: Normalization?
}
