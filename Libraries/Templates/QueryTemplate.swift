import JSON

/// The query parameters of a template's `query` object.
///
/// A parameter's value is a string, number or boolean, or an array of these, which repeats the parameter. A placeholder that is
/// the whole value keeps its type: an array repeats the parameter, `null` leaves it out.
struct QueryTemplate: Sendable {
    private struct Parameter: Sendable {
        let name: [UInt8]
        let value: Value
        let path: String
    }

    private enum Value: Sendable {
        case pieces([TemplatePiece])
        case whole(Int)
    }

    private var parameters: [Parameter] = []

    init(_ object: JSONObject, at path: JSONPathText, _ table: inout VariableTable) throws(TemplateError) {
        for member in object {
            let place = path.key(member.key)
            guard PlaceholderText(member.key).variables.isEmpty else {
                let reason = "the name of a query parameter must be written out"
                throw TemplateError(.placeholderNotAllowed, at: place.text, reason)
            }
            var name: [UInt8] = []
            PercentEncoding.append(value: member.key, to: &name)
            guard case .array(let elements) = member.value else {
                let value = try Self.value(member.value, at: place, &table)
                if let value { parameters.append(Parameter(name: name, value: value, path: place.text)) }
                continue
            }
            for (index, element) in elements.enumerated() {
                let value = try Self.value(element, at: place.index(index), &table)
                if let value { parameters.append(Parameter(name: name, value: value, path: place.index(index).text)) }
            }
        }
    }

    private static func value(
        _ value: JSONValue, at path: JSONPathText, _ table: inout VariableTable
    ) throws(TemplateError) -> Value? {
        switch value {
        case .null: return nil
        case .bool, .number:
            return .pieces([.literal(PercentEncoding.literal(TemplateVariable.text(of: value)))])
        case .string(let text):
            let segments = try VariableTable.segments(of: text, at: path)
            if segments.count == 1, case .placeholder(let placeholder) = segments[0] {
                return .whole(table.number(of: placeholder, at: path))
            }
            let pieces = try table.compile(segments, at: path) { literal throws(TemplateError) in
                var encoded: [UInt8] = []
                PercentEncoding.append(value: literal, to: &encoded)
                return encoded
            }
            return .pieces(pieces)
        case .array, .object:
            let reason =
                "\(value.kindName) is no query parameter: use a string, a number, a boolean or an array of these"
            throw TemplateError(.invalidTemplate, at: path.text, reason)
        }
    }

    /// Appends the parameters to a URL, which may have a query string already.
    func render(_ values: VariableValues, after hasQuery: Bool, into output: inout [UInt8]) throws(TemplateError) {
        var separator = UInt8(ascii: hasQuery ? "&" : "?")
        func begin(_ parameter: Parameter) {
            output.append(separator)
            output += parameter.name
            output.append(UInt8(ascii: "="))
            separator = UInt8(ascii: "&")
        }
        for parameter in parameters {
            switch parameter.value {
            case .pieces(let pieces):
                begin(parameter)
                try values.appendEncoded(pieces, at: parameter.path, to: &output)
            case .whole(let variable):
                guard let value = values[variable] else {
                    begin(parameter)
                    output += values.placeholder(variable).utf8
                    continue
                }
                for element in value.arrayValue ?? [value] where !element.isNull {
                    begin(parameter)
                    let text = TemplateVariable.text(of: element)
                    try values.appendEncoded(text, of: variable, at: parameter.path, to: &output)
                }
            }
        }
    }
}
