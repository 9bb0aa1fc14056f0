import JSON

/// The values of a template's placeholders during one rendering.
struct VariableValues {
    private let placeholders: [Placeholder]
    private let values: [JSONValue?]
    private let hidesSecrets: Bool

    /// Looks every variable up, once, and applies the filters. For a masked rendering, secrets become ``TemplateVariable/mask``.
    init(_ placeholders: [Placeholder], masked: Bool, _ lookup: (String) -> TemplateVariable?) {
        self.placeholders = placeholders
        hidesSecrets = masked
        var variables: [String: TemplateVariable] = [:]
        for name in Set(placeholders.map(\.name)) { variables[name] = lookup(name) }
        values = placeholders.map { placeholder in
            let variable = variables[placeholder.name]
            if masked, let variable, variable.isSecret || placeholder.name.hasPrefix(TemplateVariable.secretPrefix) {
                return .string(TemplateVariable.mask)
            }
            return placeholder.value(of: variable?.value)
        }
    }

    /// The names of variables without a value, in order of appearance, each once.
    var unresolved: [String] {
        var met: Set<String> = []
        return zip(placeholders, values).compactMap { $1 == nil ? $0.name : nil }.filter { met.insert($0).inserted }
    }

    /// The value of a variable, or nil if it has none.
    subscript(variable: Int) -> JSONValue? { values[variable] }

    /// The value as text, or nil if it has none.
    func text(_ variable: Int) -> String? {
        values[variable].map(TemplateVariable.text(of:))
    }

    /// Whether a text is the mask of a secret, which is for eyes only and needs no encoding.
    func isMask(_ text: String) -> Bool { hidesSecrets && text == TemplateVariable.mask }

    func placeholder(_ variable: Int) -> String { placeholders[variable].source }
    func name(_ variable: Int) -> String { placeholders[variable].name }
}
