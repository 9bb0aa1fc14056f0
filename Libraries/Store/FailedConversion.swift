import Contracts

/// Something that an answer holds and that could not be converted to what its datapoint is.
public struct FailedConversion: Sendable {
    /// The datapoint, or nil where an object's name was expected.
    public let datapoint: DatapointID?
    /// The place in the answer, such as `$.results[2].size`, or the beginning of it.
    public let path: String
    /// The beginning of what stands there.
    public let found: String
    /// What is wrong, a clause for a person.
    public let reason: String

    /// How much of a place is kept, in characters: an answer's keys may be of any length.
    public static let pathMax = 500

    /// A failure; of a longer path, the beginning is kept.
    public init(datapoint: DatapointID?, path: String, found: String, reason: String) {
        self.datapoint = datapoint
        self.path = String(path.prefix(Self.pathMax))
        self.found = found
        self.reason = reason
    }
}
