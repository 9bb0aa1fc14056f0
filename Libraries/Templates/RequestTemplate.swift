public import JSON

/// An HTTP request with placeholders: `run_request_template` and its kin, compiled once and rendered for every call.
///
/// ```json
/// {
///   "method": "POST",
///   "url": "https://api.example.com/v1/companies/<<$object>>",
///   "headers": {"Authorization": "Bearer <<$secret.EXAMPLE_KEY>>"},
///   "query": {"fields": "name", "limit": "<<$max_objects>>"},
///   "body": {"names": "<<$objects>>", "note": "for <<$org>>"}
/// }
/// ```
///
/// Only `url` is required. The method is GET, or POST if there is a body. A body is JSON and gets `content-type: application/json`
/// unless the template names another. What a value may do depends on where its placeholder stands: in the URL's path or query it
/// is percent-encoded and cannot change the structure; in a header it cannot begin a new line; in the body it keeps its JSON type, or is
/// text inside a string; the host takes operators' settings only (`<<$secret.NAME>>`). Filters (`<<$name|default:"none"|upper>>`) are
/// applied before that.
public struct RequestTemplate: Sendable {
    private static let fields = ["method", "url", "headers", "query", "body"]
    private static let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]

    private let method: String
    private let url: URLTemplate
    private let query: QueryTemplate
    private let headers: HeaderTemplate
    private let body: BodyTemplate?
    private let table: VariableTable
    private let limits: TemplateLimits

    /// Reads a template.
    ///
    /// - Throws: ``TemplateError`` with the place in the template.
    public init(parsing template: JSONValue, limits: TemplateLimits = TemplateLimits()) throws(TemplateError) {
        guard case .object(let object) = template else {
            throw TemplateError(.invalidTemplate, at: "$", "a request template is an object, not \(template.kindName)")
        }
        let root = JSONPathText()
        for key in object.keys where !Self.fields.contains(key) {
            let reason = "unknown field; a request template has \(Self.fields.joined(separator: ", "))"
            throw TemplateError(.invalidTemplate, at: root.key(key).text, reason)
        }
        guard case .string(let urlText)? = object["url"] else {
            throw TemplateError(.invalidTemplate, at: "$.url", "a request template needs a URL, as a string")
        }
        var table = VariableTable()
        url = try URLTemplate(urlText, at: root.key("url"), &table)
        query = try QueryTemplate(Self.object("query", of: object), at: root.key("query"), &table)
        headers = try HeaderTemplate(Self.object("headers", of: object), at: root.key("headers"), &table)
        body = try Self.body(object["body"], &table)
        method = try Self.method(object["method"], hasBody: body != nil)
        self.table = table
        self.limits = limits
    }

    private static func object(_ key: String, of template: JSONObject) throws(TemplateError) -> JSONObject {
        switch template[key] {
        case .object(let object)?: return object
        case nil, .null?: return [:]
        case let other?:
            throw TemplateError(.invalidTemplate, at: "$.\(key)", "must be an object, not \(other.kindName)")
        }
    }

    private static func body(_ value: JSONValue?, _ table: inout VariableTable) throws(TemplateError) -> BodyTemplate? {
        guard let value, !value.isNull else { return nil }
        return try BodyTemplate(value, at: JSONPathText().key("body"), &table)
    }

    private static func method(_ value: JSONValue?, hasBody: Bool) throws(TemplateError) -> String {
        guard let value else { return hasBody ? "POST" : "GET" }
        guard let method = value.stringValue?.uppercased(), methods.contains(method) else {
            throw TemplateError(.invalidTemplate, at: "$.method", "must be one of \(methods.joined(separator: ", "))")
        }
        return method
    }

    /// The names of all variables, such as `object` and `secret.EXAMPLE_KEY`.
    public var variables: Set<String> { Set(table.names) }

    /// A variable that nobody knows, with its place in the template.
    public struct UnknownVariable: Sendable, Hashable, CustomStringConvertible {
        /// The name.
        public let name: String
        /// The place, such as `$.headers.Authorization`.
        public let path: String

        /// A sentence for a person.
        public var description: String { "\(path): unknown variable <<$\(name)>>" }
    }

    /// The variables that are not known, in order of appearance, at every place where they stand. For the moment when a catalogue is
    /// applied; rendering keeps unknown placeholders.
    public func validate(known isKnown: (String) -> Bool) -> [UnknownVariable] {
        table.occurrences.compactMap { occurrence in
            let name = table.placeholders[occurrence.variable].name
            return isKnown(name) ? nil : UnknownVariable(name: name, path: occurrence.path)
        }
    }

    /// The variables that are not in a set; see ``validate(known:)-((String)->Bool)``.
    public func validate(known: Set<String>) -> [UnknownVariable] {
        validate { known.contains($0) }
    }

    /// Renders the request. `lookup` is asked once for each variable; placeholders without a value stay as they are and are listed
    /// in ``RenderedRequest/unresolved``.
    ///
    /// - Throws: ``TemplateError`` if a value would change the request's structure, or a bound is exceeded.
    public func render(_ lookup: (String) -> TemplateVariable?) throws(TemplateError) -> RenderedRequest {
        try render(masked: false, lookup)
    }

    /// Renders the request for logs and people: secret values are `***`.
    ///
    /// - Throws: As ``render(_:)``.
    public func masked(_ lookup: (String) -> TemplateVariable?) throws(TemplateError) -> RenderedRequest {
        try render(masked: true, lookup)
    }

    private func render(
        masked: Bool, _ lookup: (String) -> TemplateVariable?
    ) throws(TemplateError) -> RenderedRequest {
        let values = VariableValues(table.placeholders, masked: masked, lookup)
        var headers = try headers.render(values, limits)
        let body = try body?.render(values, limits)
        if body != nil, !self.headers.contains("content-type") {
            headers.append(RenderedRequest.Header(name: "content-type", value: "application/json"))
        }
        return RenderedRequest(
            method: method,
            url: try renderURL(values),
            headers: headers,
            body: body,
            unresolved: values.unresolved
        )
    }

    private func renderURL(_ values: VariableValues) throws(TemplateError) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        try url.render(values, into: &output)
        if let pieces = url.query {
            output.append(UInt8(ascii: "?"))
            try values.appendEncoded(pieces, at: "$.url", to: &output)
        }
        try query.render(values, after: url.query != nil, into: &output)
        guard output.count <= limits.urlBytesMax else {
            let reason = "the URL has \(output.count) bytes, more than the maximum of \(limits.urlBytesMax)"
            throw TemplateError(.tooLong, at: "$.url", reason)
        }
        return String(decoding: output, as: UTF8.self)
    }
}
