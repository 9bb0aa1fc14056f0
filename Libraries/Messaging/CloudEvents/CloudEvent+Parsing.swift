extension CloudEvent {
    /// Reads an event from JSON text. Unknown attributes are kept in ``extensions``; of an attribute given twice the last
    /// one counts, as with most JSON readers.
    ///
    /// - Throws: `MessagingError` with code `malformed`: not a JSON object, another `specversion`, a required attribute
    ///   missing or empty, an attribute of the wrong type, `data_base64` (Weir's data are JSON).
    public init(parsing json: [UInt8]) throws(MessagingError) {
        var attributes: [String: [UInt8]]
        switch json.withUnsafeBytes({ JSONScanner.members(of: $0) }) {
        case .success(let members): attributes = members
        case .failure(let fault): throw MessagingError(.malformed, "the event is not a JSON object: \(fault)")
        }
        guard try Self.take("specversion", from: &attributes) == "1.0" else {
            throw MessagingError(.malformed, "the event's specversion is not \"1.0\"")
        }
        id = try Self.takeRequired("id", from: &attributes)
        source = try Self.takeRequired("source", from: &attributes)
        type = try Self.takeRequired("type", from: &attributes)
        time = try Self.take("time", from: &attributes)
        subject = try Self.take("subject", from: &attributes)
        orgID = try Self.take("orgid", from: &attributes)
        traceparent = try Self.take("traceparent", from: &attributes)
        guard attributes["data_base64"] == nil else {
            throw MessagingError(.malformed, "the event's data are binary (data_base64); Weir reads JSON data only")
        }
        if let contentType = try Self.take("datacontenttype", from: &attributes), !Self.isJSON(contentType) {
            throw MessagingError(.malformed, "the event's datacontenttype is not application/json but \(contentType)")
        }
        data = attributes.removeValue(forKey: "data") ?? []
        extensions = attributes
    }

    /// `application/json` with or without parameters, and any type with the suffix `+json`.
    private static func isJSON(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" && $0 != " " }.lowercased()
        return type == "application/json" || type.hasSuffix("+json")
    }

    private static func takeRequired(
        _ name: String, from attributes: inout [String: [UInt8]]
    ) throws(MessagingError) -> String {
        guard let text = try take(name, from: &attributes), !text.isEmpty else {
            throw MessagingError(.malformed, "the event has no \(name)")
        }
        return text
    }

    /// The text of an attribute; `nil` if it is missing or null.
    private static func take(
        _ name: String, from attributes: inout [String: [UInt8]]
    ) throws(MessagingError) -> String? {
        guard let value = attributes.removeValue(forKey: name), value != Array("null".utf8) else { return nil }
        guard let text = value.withUnsafeBytes({ JSONScanner.string($0) }) else {
            throw MessagingError(.malformed, "the event's \(name) is not a string")
        }
        return text
    }
}
