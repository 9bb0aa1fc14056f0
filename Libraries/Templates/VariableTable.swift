import JSON

/// The placeholders of a template: numbered while it is compiled, so that rendering looks each variable up once.
struct VariableTable: Sendable {
    /// The placeholders that differ, by number.
    private(set) var placeholders: [Placeholder] = []
    /// Every place where a placeholder stands.
    private(set) var occurrences: [(variable: Int, path: String)] = []
    private var numbers: [String: Int] = [:]

    /// The names of the variables in order of appearance, each once.
    var names: [String] {
        var met: Set<String> = []
        return placeholders.map(\.name).filter { met.insert($0).inserted }
    }

    /// The number of a placeholder, and a note of the place.
    mutating func number(of placeholder: Placeholder, at path: JSONPathText) -> Int {
        let number = numbers[placeholder.source] ?? placeholders.count
        if number == placeholders.count {
            placeholders.append(placeholder)
            numbers[placeholder.source] = number
        }
        occurrences.append((number, path.text))
        return number
    }

    /// Takes text apart into literals, which `encode` brings into their final form, and numbered variables.
    mutating func compile(
        _ text: String, at path: JSONPathText, encode: (String) throws(TemplateError) -> [UInt8]
    ) throws(TemplateError) -> [TemplatePiece] {
        try compile(Self.segments(of: text, at: path), at: path, encode: encode)
    }

    /// The same for text that is taken apart already.
    mutating func compile(
        _ segments: [PlaceholderText.Segment], at path: JSONPathText,
        encode: (String) throws(TemplateError) -> [UInt8]
    ) throws(TemplateError) -> [TemplatePiece] {
        var pieces: [TemplatePiece] = []
        for segment in segments {
            switch segment {
            case .literal(let literal): pieces.append(.literal(try encode(literal)))
            case .placeholder(let placeholder): pieces.append(.variable(number(of: placeholder, at: path)))
            }
        }
        return pieces
    }

    /// The segments of a template's text, in which nothing may look like a placeholder that is none.
    static func segments(of text: String, at path: JSONPathText) throws(TemplateError) -> [PlaceholderText.Segment] {
        if let name = PlaceholderText.filteredSecret(in: text) {
            throw TemplateError(.placeholderNotAllowed, at: path.text, PlaceholderText.filteredSecretReason(name))
        }
        let segments = PlaceholderText(text).segments
        for case .literal(let literal) in segments {
            guard let open = literal.firstRange(of: "<<$")?.lowerBound else { continue }
            do throws(PlaceholderFault) {
                _ = try Placeholder.read(in: literal, at: open)
            } catch {
                throw TemplateError(error, at: path.text)
            }
        }
        return segments
    }
}
