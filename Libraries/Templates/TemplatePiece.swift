/// A stretch of a compiled text.
enum TemplatePiece: Sendable, Hashable {
    /// Bytes that are sent as they are.
    case literal([UInt8])
    /// The number of a variable.
    case variable(Int)

    /// The number of the variable, or nil for a literal.
    var variable: Int? {
        if case .variable(let variable) = self { variable } else { nil }
    }
}
