/// How a factor compares a value; the names are those of the specification's closed list (2.1), of which these are known so far.
public enum FactorOperator: String, Sendable, Hashable, CaseIterable {
    /// The same value.
    case equals
    /// Another value.
    case notEquals = "not_equals"
    /// A greater number, or a later time.
    case greaterThan = "greater_than"
    /// A number that is not less, or a time that is not earlier.
    case greaterEqual = "greater_equal"
    /// A smaller number, or an earlier time.
    case lessThan = "less_than"
    /// A number that is not greater, or a time that is not later.
    case lessEqual = "less_equal"
    /// A text that has this text in it, or a list that has this element.
    case contains
    /// One of several values.
    case `in`
    /// A number or time between two others, both included.
    case between

    /// What an operator compares with.
    enum Shape {
        /// One text, number or boolean.
        case one
        /// Two values, the lower first.
        case range
        /// At least one value.
        case list
    }

    /// What it compares with.
    var shape: Shape {
        switch self {
        case .between: .range
        case .in: .list
        default: .one
        }
    }

    /// Whether it asks which of two values is greater.
    public var isAboutOrder: Bool {
        switch self {
        case .greaterThan, .greaterEqual, .lessThan, .lessEqual, .between: true
        case .equals, .notEquals, .contains, .in: false
        }
    }
}
