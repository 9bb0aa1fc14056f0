import JSON

/// The header fields of a template. Names are literal; values may hold placeholders, and no value can begin another line.
struct HeaderTemplate: Sendable {
    private struct Field: Sendable {
        let name: String
        let pieces: [TemplatePiece]
        let path: String
    }

    /// Fields that frame the message or name its receiver: the HTTP client sets them, and a template that could would be able to
    /// smuggle requests.
    private static let reserved: Set<String> = [
        "connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade",
    ]

    private var fields: [Field] = []

    init(_ object: JSONObject, at path: JSONPathText, _ table: inout VariableTable) throws(TemplateError) {
        for member in object {
            let place = path.key(member.key)
            try Self.check(member, at: place)
            let text = TemplateVariable.text(of: member.value)
            let pieces = try table.compile(text, at: place) { literal throws(TemplateError) in
                guard !literal.utf8.contains(where: Self.isForbidden) else {
                    throw TemplateError(
                        .invalidTemplate, at: place.text, "a header field contains no control characters")
                }
                return Array(literal.utf8)
            }
            fields.append(Field(name: member.key, pieces: pieces, path: place.text))
        }
    }

    private static func check(_ member: JSONObject.Member, at path: JSONPathText) throws(TemplateError) {
        guard !member.key.isEmpty, member.key.utf8.allSatisfy(isTokenByte) else {
            throw TemplateError(.invalidTemplate, at: path.text, "'\(member.key)' is no name of a header field")
        }
        guard !reserved.contains(member.key.lowercased()) else {
            let reason = "the header field \(member.key) is set by the HTTP client"
            throw TemplateError(.invalidTemplate, at: path.text, reason)
        }
        switch member.value {
        case .string, .number, .bool: break
        case .null, .array, .object:
            let reason = "\(member.value.kindName) is no header value: use a string, a number or a boolean"
            throw TemplateError(.invalidTemplate, at: path.text, reason)
        }
    }

    /// Whether there is a field of this lower-case name.
    func contains(_ name: String) -> Bool { fields.contains { $0.name.lowercased() == name } }

    func render(_ values: VariableValues, _ limits: TemplateLimits) throws(TemplateError) -> [RenderedRequest.Header] {
        var headers: [RenderedRequest.Header] = []
        headers.reserveCapacity(fields.count + 1)
        for field in fields {
            var value: [UInt8] = []
            for piece in field.pieces {
                switch piece {
                case .literal(let bytes): value += bytes
                case .variable(let variable):
                    let text = values.text(variable) ?? values.placeholder(variable)
                    guard !text.utf8.contains(where: Self.isForbidden) else {
                        let name = values.name(variable)
                        let reason = "the value of <<$\(name)>> contains a line break or another control character"
                        throw TemplateError(.valueNotAllowed, at: field.path, reason)
                    }
                    value += text.utf8
                }
            }
            guard value.count <= limits.headerBytesMax else {
                let reason =
                    "the header field has \(value.count) bytes, more than the maximum of \(limits.headerBytesMax)"
                throw TemplateError(.tooLong, at: field.path, reason)
            }
            headers.append(RenderedRequest.Header(name: field.name, value: String(decoding: value, as: UTF8.self)))
        }
        return headers
    }

    /// RFC 9110 section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    /// RFC 9110 section 5.5: of control characters only the tab is harmless.
    private static func isForbidden(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 || byte == 0x7F }
}
