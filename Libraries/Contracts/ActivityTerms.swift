/// What an activity does with a request. The platform knows more types; these are the ones that it can run so far.
public enum ActivityType: String, Sendable, Hashable, CaseIterable {
    /// Fills in values of named objects.
    case enrichment
    /// Finds objects by what its input says.
    case extract
    /// Finds objects, or takes named ones, and tells which of them meet its factors.
    case sourcing
}

/// What a request for an activity has to say, and what it may.
public struct ActivityTerms: Sendable, Hashable {
    /// What the activity does.
    public let type: ActivityType
    /// Its input.
    public let input: ActivityInput

    /// Terms of a type of activity.
    public init(type: ActivityType, input: ActivityInput = ActivityInput()) {
        self.type = type
        self.input = input
    }
}
