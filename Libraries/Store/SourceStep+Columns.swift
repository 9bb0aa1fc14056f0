import Sources

extension SourceStep {
    /// What a statement says of the column of each step's template, in the order of the steps.
    static func columns(_ expression: (String) -> String) -> String {
        allCases.map { expression($0.key) }.joined(separator: ", ")
    }
}
