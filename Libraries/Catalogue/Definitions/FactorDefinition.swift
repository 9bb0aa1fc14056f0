public import Factors

/// A condition on one datapoint of the objects of one type, which activities can refer to.
public struct FactorDefinition: Sendable, Hashable {
    /// The name that people read.
    public let name: String
    /// The key of the object type.
    public let objectType: String
    /// The key of the datapoint.
    public let datapoint: String
    /// What it asks; its key is that of the factor in the catalogue.
    public let factor: Factor
}
