/// Which factors an object has to meet: all of some, any of some, nested.
public indirect enum FactorExpression: Sendable, Hashable {
    /// The factor of this key.
    case factor(String)
    /// Each of these.
    case all([FactorExpression])
    /// At least one of these.
    case any([FactorExpression])

    /// The deepest nesting.
    public static let depthMax = 8
    /// The most factors, each counted as often as it stands there.
    public static let factorsMax = 64

    /// The keys of all factors, each once, in the order of their first appearance.
    public var keys: [String] {
        var keys: [String] = []
        collect(into: &keys)
        return keys
    }

    private func collect(into keys: inout [String]) {
        switch self {
        case .factor(let key): if !keys.contains(key) { keys.append(key) }
        case .all(let parts), .any(let parts): for part in parts { part.collect(into: &keys) }
        }
    }

    /// What an object comes to, from what it comes to under each factor. One that fails decides ``all(_:)``, one that passes ``any(_:)``; else one
    /// that is unknown leaves the whole unknown.
    public func evaluate(_ outcome: (String) -> FactorOutcome) -> FactorOutcome {
        switch self {
        case .factor(let key): outcome(key)
        case .all(let parts): Self.combine(parts.map { $0.evaluate(outcome) }, decisive: .failed, otherwise: .passed)
        case .any(let parts): Self.combine(parts.map { $0.evaluate(outcome) }, decisive: .passed, otherwise: .failed)
        }
    }

    private static func combine(
        _ outcomes: [FactorOutcome], decisive: FactorOutcome, otherwise: FactorOutcome
    ) -> FactorOutcome {
        if outcomes.contains(decisive) { return decisive }
        return outcomes.contains(.unknown) ? .unknown : otherwise
    }
}
