import JSON

/// A URL with placeholders, split where its structure is, so that no value can change that structure.
///
/// - The scheme is `http` or `https` and literal.
/// - Host and port are literal, or come from `<<$secret.NAME>>`: the operator decides which machines are called, never a request.
/// - A value in the path stays inside its path segment: everything but unreserved characters is percent-encoded. A segment that would
///   come out as `.`, `..` or empty is refused, because servers resolve these even when encoded.
/// - A value in the query string stays inside its parameter in the same way.
struct URLTemplate: Sendable {
    private let prefix: [UInt8]
    private let authority: [TemplatePiece]
    /// The path between its slashes; the first segment follows the first slash.
    private let segments: [[TemplatePiece]]
    /// The query string without `?`, or nil.
    let query: [TemplatePiece]?

    init(_ text: String, at path: JSONPathText, _ table: inout VariableTable) throws(TemplateError) {
        guard let scheme = ["http://", "https://"].first(where: { text.lowercased().hasPrefix($0) }) else {
            throw TemplateError(.invalidTemplate, at: path.text, "the URL must begin with http:// or https://")
        }
        let parts = URLParts(try VariableTable.segments(of: String(text.dropFirst(scheme.count)), at: path))
        for case .literal(let literal) in parts.all {
            try Self.check(literal, at: path)
        }
        prefix = Array(scheme.utf8)
        authority = try Self.authority(parts.authority, at: path, &table)
        var segments: [[TemplatePiece]] = []
        for segment in parts.path {
            segments.append(try Self.pieces(segment, at: path, &table))
        }
        self.segments = segments
        var query: [TemplatePiece]?
        if let part = parts.query { query = try Self.pieces(part, at: path, &table) }
        self.query = query
    }

    private static func check(_ literal: String, at path: JSONPathText) throws(TemplateError) {
        guard !literal.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw TemplateError(.invalidTemplate, at: path.text, "a URL contains no control characters")
        }
        guard !literal.contains("#") else {
            let reason = "a request's URL has no fragment ('#'); write %23 for the character"
            throw TemplateError(.invalidTemplate, at: path.text, reason)
        }
    }

    private static func pieces(
        _ part: [PlaceholderText.Segment], at path: JSONPathText, _ table: inout VariableTable
    ) throws(TemplateError) -> [TemplatePiece] {
        try table.compile(part, at: path) { literal throws(TemplateError) in PercentEncoding.literal(literal) }
    }

    private static func authority(
        _ part: [PlaceholderText.Segment], at path: JSONPathText, _ table: inout VariableTable
    ) throws(TemplateError) -> [TemplatePiece] {
        for case .placeholder(let placeholder) in part
        where !placeholder.name.hasPrefix(TemplateVariable.secretPrefix) {
            let name = placeholder.name
            let reason =
                "<<$\(name)>> cannot stand in the host: write it out, or let the operator set it as <<$secret.NAME>>"
            throw TemplateError(.placeholderNotAllowed, at: path.text, reason)
        }
        let pieces = try table.compile(part, at: path) { literal throws(TemplateError) in
            guard !literal.contains("@") else {
                let reason = "credentials belong in a header, not in front of the host"
                throw TemplateError(.invalidTemplate, at: path.text, reason)
            }
            guard literal.utf8.allSatisfy(isAuthorityByte) else {
                throw TemplateError(.invalidTemplate, at: path.text, "'\(literal)' is no host name and port")
            }
            return Array(literal.lowercased().utf8)
        }
        guard !pieces.isEmpty else { throw TemplateError(.invalidTemplate, at: path.text, "the URL has no host") }
        return pieces
    }

    private static func isAuthorityByte(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 || "-._:[]".utf8.contains(byte)
    }
}

extension URLTemplate {
    /// Appends everything in front of the query string.
    func render(_ values: VariableValues, into output: inout [UInt8]) throws(TemplateError) {
        output += prefix
        for piece in authority {
            switch piece {
            case .literal(let bytes): output += bytes
            case .variable(let variable):
                guard let text = values.text(variable) else {
                    output += values.placeholder(variable).utf8
                    continue
                }
                guard values.isMask(text) || (!text.isEmpty && text.utf8.allSatisfy(Self.isAuthorityByte)) else {
                    let reason = "the value of <<$\(values.name(variable))>> is no host name and port"
                    throw TemplateError(.valueNotAllowed, at: "$.url", reason)
                }
                output += text.utf8
            }
        }
        for segment in segments {
            output.append(UInt8(ascii: "/"))
            let start = output.count
            try values.appendEncoded(segment, at: "$.url", to: &output)
            guard segment.contains(where: { $0.variable != nil }) else { continue }
            let rendered = output[start...]
            if rendered.isEmpty || rendered.elementsEqual(".".utf8) || rendered.elementsEqual("..".utf8) {
                let name = segment.lazy.compactMap(\.variable).first.map(values.name) ?? ""
                let reason = "with the value of <<$\(name)>> a part of the path would be empty, '.' or '..'"
                throw TemplateError(.valueNotAllowed, at: "$.url", reason)
            }
        }
        if segments.isEmpty { output.append(UInt8(ascii: "/")) }
    }
}
