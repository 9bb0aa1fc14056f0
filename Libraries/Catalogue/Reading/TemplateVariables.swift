/// What one request template can name, besides secrets.
struct TemplateVariables {
    let names: [String]

    func contains(_ name: String) -> Bool {
        names.contains(name) || CatalogueVariable.secretName(of: name) != nil
    }

    /// What to do about a name that nothing fills in here.
    func remedy(for name: String) -> String {
        CatalogueVariable.placed.first { $0.name == name }?.place
            ?? Spelling.suggestion(for: name, among: names + ["secret.NAME"])
    }
}
