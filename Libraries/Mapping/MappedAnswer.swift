/// What one answer was mapped to.
public struct MappedAnswer: Sendable {
    /// The objects in document order. Without object patterns exactly one, unnamed: the run's own.
    ///
    /// Two places with the same name make two objects here; whoever stores them joins them.
    public var objects: [MappedObject]
    /// Names that were found where an object's name is expected and are none; at most ``failuresMax`` are listed. What could not be
    /// converted for an object that was found stands with that object.
    public var failures: [ConversionFailure]
    /// How many there were, listed or not.
    public var failureCount: Int
    /// How many matches belong to no object, such as the size of a list's element whose name is missing.
    public var unassignedCount: Int

    /// How many failures are listed, of each object and of names.
    public static let failuresMax = 20
}

/// One object with the values that belong to it.
public struct MappedObject: Sendable {
    /// The name, or nil for the object that the run is for.
    public var name: String?
    /// The values in the order of the plan's datapoints; a datapoint that was not found is absent.
    public var values: [MappedValue]
    /// Of those values that normalization has changed, what the answer says; in the same order, usually none.
    public var originals: [MappedValue]
    /// Values of this object that were found and are not of the kind asked for; at most ``MappedAnswer/failuresMax`` are listed.
    public var failures: [ConversionFailure]
    /// How many there were, listed or not.
    public var failureCount: Int
    /// Digits that the numbers of its values gain when Postgres writes them out: `1e1000` has a thousand then.
    public var digitsGained: Int
}

/// The value of one datapoint.
public struct MappedValue: Sendable, Hashable {
    /// The index in ``MappingPlan/datapoints``.
    public var datapoint: Int
    /// Compact JSON text, UTF-8: `null` where the answer says null, an array where several places matched. Storable as `jsonb`. The
    /// values of an answer share one buffer.
    public var json: ArraySlice<UInt8>

    /// The JSON text as a string.
    public var text: String { String(decoding: json, as: UTF8.self) }
}

/// A match that could not become what the plan asks for; the value is absent.
public struct ConversionFailure: Sendable, Hashable, CustomStringConvertible {
    /// The index in ``MappingPlan/datapoints``, or nil for an object's name.
    public let datapoint: Int?
    /// The place in the answer, such as `$.results[2].size`.
    public let path: String
    /// The beginning of the text or number that stands there, at most ``foundMax`` characters or bytes; or "an object", "an array".
    public let found: String
    /// What is wrong, such as "an object where a number is expected".
    public let reason: String

    /// How much is told of what stands there.
    public static let foundMax = 100

    /// A sentence for a person.
    public var description: String { "\(reason) (at \(path))" }
}
