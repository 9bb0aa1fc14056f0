import Templates

/// The variables that request templates can name as `<<$name>>`.
enum CatalogueVariable {
    /// Those of every template. Besides them there are the organization's datapoints, input fields and `secret.NAME`.
    static let everywhere = ["object", "objects", "run_setup", "max_objects"]

    /// Those of some templates only, and where that is.
    static let placed = [
        (
            name: "run_external_id",
            place: "the id of a job is known to status_, delivery_, abort_ and cleanup_request_template only"
        ),
        (name: "callback_url", place: "it is for run_request_template of a source with job: leave it out here"),
        (
            name: "submission_key",
            place: "it is for run_ and lookup_request_template of a source with job: leave it out here"
        ),
        (
            name: "cursor",
            place: """
            it is for the template whose answer is paged (pagination of type page, offset or cursor): run_request_template, \
            with job delivery_request_template
            """
        ),
    ]

    /// Names that nothing else can have.
    static let reserved = everywhere + placed.map(\.name)

    /// What to do where something secret should stand and does not.
    static let secretRemedy = """
        write <<$secret.NAME>> (NAME in capitals, digits and _) and give the value to the services as the environment \
        variable or file of that name
        """

    /// The name of the secret if a variable stands for one: capitals, digits and `_`, as in the environment.
    static func secretName(of variable: String) -> String? {
        guard variable.hasPrefix(TemplateVariable.secretPrefix) else { return nil }
        let name = variable.dropFirst(TemplateVariable.secretPrefix.count)
        guard let first = name.utf8.first, !isDigit(first), name.utf8.count <= 128 else { return nil }
        let fits = name.utf8.allSatisfy {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || isDigit($0) || $0 == UInt8(ascii: "_")
        }
        return fits ? String(name) : nil
    }

    /// The name of the secret if a whole text is `<<$secret.NAME>>`.
    static func secretReference(in text: String) -> String? {
        PlaceholderText(text).soleVariable.flatMap(secretName)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
