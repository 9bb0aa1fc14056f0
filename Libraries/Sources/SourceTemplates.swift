public import JSON

/// The requests of a source, as JSON templates (`docs/catalogue.md`): spec 2.2, and beyond it abort, cleanup and look-up.
public struct SourceTemplates: Sendable, Hashable {
    private let templates: [SourceStep: JSONValue]

    /// Templates.
    public init(_ templates: [SourceStep: JSONValue]) {
        self.templates = templates
    }

    /// The template of a step; nil if the source has none.
    public subscript(step: SourceStep) -> JSONValue? { templates[step] }
}
