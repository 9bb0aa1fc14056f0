/// What a value comes to under a factor, or an object under several.
public enum FactorOutcome: String, Sendable, Hashable {
    /// It is as the factor asks.
    case passed
    /// It is not.
    case failed
    /// There is no value, or one of another kind, so that nothing can be said.
    case unknown
}
