import JSON

/// A request template that was read and is right by itself, with what other parts of the source have to fit.
struct CheckedTemplate {
    let json: JSONValue
    /// All that it names.
    let variables: Set<String>
    /// Where it stands.
    let cursor: DocumentCursor

    /// Where the template sets a header field of this name, in any case of letters; nil if it does not.
    func header(_ name: String) -> DocumentCursor? {
        field(in: "headers") { $0.lowercased() == name.lowercased() }
    }

    /// Where the template sets a query parameter of this name; nil if it does not.
    func queryParameter(_ name: String) -> DocumentCursor? {
        field(in: "query") { $0 == name }
    }

    private func field(in member: String, where isMeant: (String) -> Bool) -> DocumentCursor? {
        guard let mapping = cursor.mapping()?[member]?.mapping(),
            let entry = mapping.entries.first(where: { isMeant($0.key) && !$0.isEmpty })
        else { return nil }
        return mapping.value(of: entry)
    }
}
