import Factors

extension DocumentCursor {
    /// Which factors an object has to meet: a key, a list of keys (all of them), `any` or `all` with a list, nested.
    ///
    /// - Parameter objectType: the activity's; every factor must be about it.
    func factorExpression(objectType: String?, scope: OrganizationScope) -> FactorExpression? {
        guard let json = json() else { return nil }
        let expression: FactorExpression
        do {
            expression = try FactorExpression(json)
        } catch {
            report(
                .wrongType, "\(error)", remedy: "write a list such as [large, german], or { any: [large, german] }")
            return nil
        }
        var isSound = true
        for key in expression.keys {
            guard let factorType = scope.factors[key] else {
                report(
                    .missingReference, "the file declares no factor \(key)",
                    remedy: Spelling.suggestion(for: key, among: scope.factors.keys.sorted()))
                isSound = false
                continue
            }
            if let factorType, let objectType, factorType != objectType {
                report(
                    .conflict, "the factor \(key) is about \(factorType), not \(objectType)",
                    remedy: "name factors of \(objectType)")
                isSound = false
            }
        }
        return isSound ? expression : nil
    }
}
