public import JSON

/// A condition on one datapoint of an object: "Company's employees is at least 100".
public struct Factor: Sendable, Hashable {
    /// The most values that ``FactorOperator/in`` compares with.
    public static let valuesMax = 100
    /// The longest text that is compared with, in bytes.
    public static let textBytesMax = 1_000

    /// The key, unique in the organization.
    public let key: String
    /// The name of the objects' type, for sentences: Company.
    public let objectType: String
    /// The name of the datapoint, for sentences: employees.
    public let datapoint: String
    /// What the datapoint tells.
    public let type: FactorType
    /// What the factor is for.
    public let use: FactorUse
    /// How values are compared.
    public let comparison: FactorOperator
    /// What they are compared with; a list for ``FactorOperator/in`` and ``FactorOperator/between``.
    public let value: JSONValue

    /// A factor whose value fits its operator.
    ///
    /// - Throws: ``FactorError`` that says what does not.
    public init(
        key: String, objectType: String, datapoint: String, type: FactorType, use: FactorUse = .guardrail,
        comparison: FactorOperator, value: JSONValue
    ) throws(FactorError) {
        self.key = key
        self.objectType = objectType
        self.datapoint = datapoint
        self.type = type
        self.use = use
        self.comparison = comparison
        self.value = value
        if let reason = misfit { throw FactorError(path: "value", reason: reason) }
    }

    /// Why the value does not fit the operator; nil when it does.
    private var misfit: String? {
        let values: [JSONValue]
        switch comparison.shape {
        case .one: values = [value]
        case .list:
            guard let list = value.arrayValue, !list.isEmpty, list.count <= Self.valuesMax else {
                return "in compares with a list of 1 to \(Self.valuesMax) values, such as [small, large]"
            }
            values = list
        case .range:
            guard let list = value.arrayValue, list.count == 2 else {
                return "between compares with the lowest and the highest value, such as [100, 500]"
            }
            values = list
        }
        for value in values {
            switch value {
            case .string(let text) where text.isEmpty: return "a text to compare with has at least one character"
            case .string(let text) where text.utf8.count > Self.textBytesMax:
                return "a text to compare with has at most \(Self.textBytesMax) bytes"
            case .string(let text) where type == .time && Self.isElsewhere(text):
                return "a time to compare with is in UTC, such as 2024-01-31T08:15:00Z"
            case .bool where comparison.isAboutOrder || comparison == .contains:
                return "\(comparison.rawValue) does not compare true and false; use equals"
            case .string where comparison.isAboutOrder && type != .time:
                return "\(comparison.rawValue) compares numbers; it compares texts as times where type is time"
            case .string, .number, .bool: continue
            case .null, .array, .object: return "\(value.kindName) cannot be compared with"
            }
        }
        if comparison.shape == .range, let order = order(of: values[1], to: values[0]), order < 0 {
            return "between has its lowest value first"
        } else if comparison.shape == .range, order(of: values[1], to: values[0]) == nil {
            return "between compares with two numbers or two times"
        }
        return nil
    }
}

/// Why something cannot be a factor or a combination of factors.
public struct FactorError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The place, such as `value` or `any[1]`; empty for the whole.
    public let path: String
    /// What is wrong, a clause.
    public let reason: String

    /// The place and what is wrong.
    public var description: String { path.isEmpty ? reason : "\(path): \(reason)" }
}
