import JSON

/// The values of a template's variables during one rendering.
struct VariableValues {
    private let names: [String]
    private let values: [JSONValue?]
    private let hidesSecrets: Bool

    /// Looks every variable up, once. For a masked rendering, secrets become ``TemplateVariable/mask``.
    init(_ names: [String], masked: Bool, _ lookup: (String) -> TemplateVariable?) {
        self.names = names
        hidesSecrets = masked
        values = names.map { name in
            guard let variable = lookup(name) else { return nil }
            let isSecret = variable.isSecret || name.hasPrefix(TemplateVariable.secretPrefix)
            return masked && isSecret ? .string(TemplateVariable.mask) : variable.value
        }
    }

    var unresolved: [String] {
        zip(names, values).compactMap { $1 == nil ? $0 : nil }
    }

    /// The value of a variable, or nil if it has none.
    subscript(variable: Int) -> JSONValue? { values[variable] }

    /// The value as text, or nil if it has none.
    func text(_ variable: Int) -> String? {
        values[variable].map(TemplateVariable.text(of:))
    }

    /// Whether a text is the mask of a secret, which is for eyes only and needs no encoding.
    func isMask(_ text: String) -> Bool { hidesSecrets && text == TemplateVariable.mask }

    func placeholder(_ variable: Int) -> String { PlaceholderText.placeholder(names[variable]) }
    func name(_ variable: Int) -> String { names[variable] }
}
