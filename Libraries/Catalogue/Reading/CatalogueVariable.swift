import Templates

/// The variables that request templates can name as `<<$name>>`.
enum CatalogueVariable {
    /// Those of every source. Besides them there are the organization's datapoints and `secret.NAME`.
    static let reserved = [
        "object", "objects", "run_setup", "max_objects", "run_external_id", "callback_url", "cursor",
    ]

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
