import JSON

/// Text with placeholders, taken apart.
///
/// Everything that looks like a ``Placeholder`` and is none is text, as the specification's examples show.
public struct PlaceholderText: Sendable, Hashable {
    /// A stretch of the text.
    public enum Segment: Sendable, Hashable {
        /// Text that stays.
        case literal(String)
        /// A place for a value.
        case placeholder(Placeholder)
    }

    /// The stretches in order; no two literals follow each other and none is empty.
    public let segments: [Segment]

    /// Takes a text apart.
    public init(_ text: String) {
        var segments: [Segment] = []
        var literal = text.startIndex
        var position = text.startIndex
        while let open = text[position...].utf8.firstIndex(of: UInt8(ascii: "<")) {
            guard let (placeholder, end) = try? Placeholder.read(in: text, at: open) else {
                position = text.utf8.index(after: open)
                continue
            }
            if literal < open { segments.append(.literal(String(text[literal..<open]))) }
            segments.append(.placeholder(placeholder))
            literal = end
            position = end
        }
        if literal < text.endIndex { segments.append(.literal(String(text[literal...]))) }
        self.segments = segments
    }

    /// The placeholder, if the whole text is one.
    var solePlaceholder: Placeholder? {
        if segments.count == 1, case .placeholder(let placeholder) = segments[0] { placeholder } else { nil }
    }

    /// The name, if the whole text is one placeholder without filters.
    public var soleVariable: String? {
        solePlaceholder.flatMap { $0.filters.isEmpty ? $0.name : nil }
    }

    /// The names in order of appearance, each as often as it appears.
    public var variables: [String] {
        segments.compactMap { if case .placeholder(let placeholder) = $0 { placeholder.name } else { nil } }
    }

    /// The names of variables without which the text cannot be rendered: those that stand anywhere without a default; each as often.
    public var requiredVariables: [String] {
        segments.compactMap { segment in
            if case .placeholder(let placeholder) = segment, !placeholder.hasDefault { placeholder.name } else { nil }
        }
    }

    /// Puts values in place of the placeholders; those without a value stay as they are.
    ///
    /// Strings are put in as they are, `null` as nothing, everything else as compact JSON text.
    /// - Returns: The text, and whether every placeholder had a value.
    public func render(_ lookup: (String) -> JSONValue?) -> (text: String, isResolved: Bool) {
        var isResolved = true
        let parts = segments.map { segment in
            switch segment {
            case .literal(let text): return text
            case .placeholder(let placeholder):
                if let value = placeholder.value(of: lookup(placeholder.name)) {
                    return TemplateVariable.text(of: value)
                }
                isResolved = false
                return placeholder.source
            }
        }
        return (parts.joined(), isResolved)
    }

    /// The text with the same word in place of every placeholder, whatever its filters: for a look at what is around them.
    public func filled(with word: String) -> String {
        segments.map { segment in
            if case .literal(let text) = segment { text } else { word }
        }.joined()
    }
}
