import JSON

/// The variables of a template: numbered while it is compiled, so that rendering looks each one up once.
struct VariableTable: Sendable {
    private(set) var names: [String] = []
    /// Every place where a variable stands.
    private(set) var occurrences: [(variable: Int, path: String)] = []
    private var numbers: [String: Int] = [:]

    /// The number of a variable, and a note of the place.
    mutating func number(of name: String, at path: JSONPathText) -> Int {
        let number = numbers[name] ?? names.count
        if number == names.count {
            names.append(name)
            numbers[name] = number
        }
        occurrences.append((number, path.text))
        return number
    }

    /// Takes text apart into literals, which `encode` brings into their final form, and numbered variables.
    mutating func compile(
        _ text: String, at path: JSONPathText, encode: (String) throws(TemplateError) -> [UInt8]
    ) throws(TemplateError) -> [TemplatePiece] {
        var pieces: [TemplatePiece] = []
        for segment in try Self.segments(of: text, at: path) {
            switch segment {
            case .literal(let literal): pieces.append(.literal(try encode(literal)))
            case .variable(let name): pieces.append(.variable(number(of: name, at: path)))
            }
        }
        return pieces
    }

    /// The segments of a template's text, in which nothing may look like a placeholder that is none.
    static func segments(of text: String, at path: JSONPathText) throws(TemplateError) -> [PlaceholderText.Segment] {
        let segments = PlaceholderText(text).segments
        for case .literal(let literal) in segments where literal.contains("<<$") {
            let reason = "a placeholder is written <<$name>>, with letters, digits, '_', '-' and '.' in the name"
            throw TemplateError(.malformedPlaceholder, at: path.text, reason)
        }
        return segments
    }
}
