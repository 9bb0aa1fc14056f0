public import JSON

/// The value of a variable while a template is rendered.
public struct TemplateVariable: Sendable, Hashable {
    /// The value; its JSON type is kept where the placeholder is a whole JSON value.
    public let value: JSONValue
    /// Whether the value must not show up in logs. Variables whose name begins with `secret.` are secret in any case.
    public let isSecret: Bool

    /// Creates a variable's value.
    public init(_ value: JSONValue, isSecret: Bool = false) {
        self.value = value
        self.isSecret = isSecret
    }

    /// Variables with this prefix are credentials and other settings of the operator.
    public static let secretPrefix = "secret."
    /// What stands for a secret in a masked rendering.
    public static let mask = "***"

    /// The value as text: strings as they are, `null` as nothing, everything else as compact JSON text.
    static func text(of value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .null: ""
        case .number(let number): number.text
        case .bool, .array, .object: value.description
        }
    }
}
