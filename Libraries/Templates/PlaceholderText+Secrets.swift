/// Secrets are put in as they are: a default would be a secret in the catalogue, and a secret that a filter has changed would not be found
/// again in an answer to mask it.
extension PlaceholderText {
    /// The first secret that stands with a filter, as in `<<$secret.NAME|trim>>`, whether the filter is a right one or not; its variable's
    /// name.
    public static func filteredSecret(in text: String) -> String? {
        for range in text.ranges(of: "<<$\(TemplateVariable.secretPrefix)") {
            let name = text.utf8[range.lowerBound...].dropFirst(3).prefix(while: Placeholder.isNameByte)
            if name.endIndex < text.endIndex, text.utf8[name.endIndex] == UInt8(ascii: "|") {
                return String(Substring(name))
            }
        }
        return nil
    }

    /// What is wrong with that, a sentence without a full stop. It does not repeat the filter, whose value may be the secret.
    public static func filteredSecretReason(_ name: String) -> String {
        "secrets have no defaults and no filters; write <<$\(name)>> alone"
    }
}
