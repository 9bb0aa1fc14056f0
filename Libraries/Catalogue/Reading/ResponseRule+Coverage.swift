import Sources

/// Which rules leave nothing for a later one.
extension ResponseRule {
    /// Whether this rule fits every answer that the other fits.
    func covers(_ other: ResponseRule) -> Bool {
        (statuses.map { statuses in other.statuses.map(statuses.contains) ?? false } ?? true)
            && (header == nil || header == other.header) && (body == nil || body == other.body)
    }

    /// What answers the rule is for, for people.
    var scope: String {
        statuses == nil && header == nil && body == nil ? "every answer" : "every answer that it is for"
    }
}

extension ResponseRule.Statuses {
    /// Whether all of the other statuses are among these.
    fileprivate func contains(_ other: Self) -> Bool {
        switch (self, other) {
        case (.anyOf(let these), .anyOf(let those)): Set(those).isSubset(of: these)
        case (.hundreds(let these), .hundreds(let those)): these == those
        case (.hundreds(let these), .anyOf(let those)): those.allSatisfy { $0 / 100 == these }
        case (.anyOf, .hundreds): false
        }
    }
}
