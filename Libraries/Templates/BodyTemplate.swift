import JSON

/// A JSON body with placeholders, compiled to JSON text with gaps.
///
/// A placeholder that is a whole string becomes the variable's JSON value, one inside a string or a key becomes text, escaped for
/// JSON: a value cannot end the string it stands in.
struct BodyTemplate: Sendable {
    private enum Piece: Sendable {
        case literal([UInt8])
        /// A variable as a JSON value.
        case value(Int)
        /// A variable as text inside a JSON string.
        case text(Int)
    }

    private var pieces: [Piece] = []

    init(_ value: JSONValue, at path: JSONPathText, _ table: inout VariableTable) throws(TemplateError) {
        try compile(value, at: path, &table)
    }

    private mutating func compile(
        _ value: JSONValue, at path: JSONPathText, _ table: inout VariableTable
    ) throws(TemplateError) {
        switch value {
        case .null, .bool, .number: append(value.encoded())
        case .string(let text):
            let segments = try VariableTable.segments(of: text, at: path)
            if segments.count == 1, case .placeholder(let placeholder) = segments[0] {
                pieces.append(.value(table.number(of: placeholder, at: path)))
            } else {
                compile(segments, at: path, &table)
            }
        case .array(let elements):
            append("[".utf8)
            for (index, element) in elements.enumerated() {
                if index > 0 { append(",".utf8) }
                try compile(element, at: path.index(index), &table)
            }
            append("]".utf8)
        case .object(let object):
            append("{".utf8)
            for (index, member) in object.enumerated() {
                if index > 0 { append(",".utf8) }
                let place = path.key(member.key)
                compile(try VariableTable.segments(of: member.key, at: place), at: place, &table)
                append(":".utf8)
                try compile(member.value, at: place, &table)
            }
            append("}".utf8)
        }
    }

    /// A string or key that is not one placeholder alone.
    private mutating func compile(
        _ segments: [PlaceholderText.Segment], at path: JSONPathText, _ table: inout VariableTable
    ) {
        append("\"".utf8)
        for segment in segments {
            switch segment {
            case .literal(let literal): append(Self.escaped(literal))
            case .placeholder(let placeholder): pieces.append(.text(table.number(of: placeholder, at: path)))
            }
        }
        append("\"".utf8)
    }

    private mutating func append(_ bytes: some Sequence<UInt8>) {
        if case .literal(let before)? = pieces.last {
            pieces[pieces.count - 1] = .literal(before + bytes)
        } else {
            pieces.append(.literal(Array(bytes)))
        }
    }

    private static func escaped(_ text: String) -> [UInt8] {
        var text = text
        var output: [UInt8] = []
        text.withUTF8 { JSONString.escape(UnsafeRawBufferPointer($0), into: &output) }
        return output
    }

    func render(_ values: VariableValues, _ limits: TemplateLimits) throws(TemplateError) -> [UInt8] {
        var output: [UInt8] = []
        for piece in pieces {
            switch piece {
            case .literal(let bytes): output += bytes
            case .value(let variable):
                output += (values[variable] ?? .string(values.placeholder(variable))).encoded()
            case .text(let variable):
                output += Self.escaped(values.text(variable) ?? values.placeholder(variable))
            }
            guard output.count <= limits.bodyBytesMax else {
                let reason = "the body has more than the maximum of \(limits.bodyBytesMax) bytes"
                throw TemplateError(.tooLong, at: "$.body", reason)
            }
        }
        return output
    }
}
