import Catalogue
import Contracts
import Store

/// Finds the workflow that is meant.
struct WorkflowCatalogue {
    /// A workflow by its name.
    private struct Name {
        let organization: String
        let key: String
    }

    let context: CommandContext
    /// The key of its organization, if it was said.
    let organization: String?

    /// A workflow as a file declares it, applied or not.
    ///
    /// - Parameter key: nil for the only one that there is.
    func workflow(_ key: String?, inFile file: String, overrides: [CatalogueOverride]) throws -> PlannedWorkflow {
        let text = try CatalogueFile.read(context.path(file), shownAs: file)
        let definition = try CatalogueFile.definition(text, shownAs: file, overrides: overrides)
        let names = definition.organizations.flatMap { organization in
            organization.workflows.map { Name(organization: organization.key, key: $0.key) }
        }
        let name = try name(key, among: names, where: TerminalText.safe(file))
        return try PlannedWorkflow(name.key, of: name.organization, items: definition.items)
    }

    /// A workflow as the database has it.
    func workflow(_ key: String, in options: DatabaseOptions) async throws -> PlannedWorkflow {
        try await context.withDatabase(options) { pool in
            let store = CatalogueStore(pool: pool)
            let names = try await store.workflows(organization: nil, first: key).map {
                Name(organization: $0.organization, key: $0.key)
            }
            let name = try name(key, among: names, where: "the database")
            return try PlannedWorkflow(
                name.key, of: name.organization, items: await store.items(ofOrganizations: [name.organization]))
        }
    }

    private func name(_ key: String?, among all: [Name], where place: String) throws(CommandError) -> Name {
        let names = all.filter { organization == nil || $0.organization == organization }
        let found = names.filter { key == nil || $0.key == key }
        if found.count == 1 { return found[0] }
        let known = Set(names.map(\.key)).sorted()
        guard let key else {
            throw found.isEmpty
                ? .usage("There is no workflow in \(place)", remedy: "Declare one under workflows")
                : .usage("There are several workflows in \(place)", remedy: Self.choice(among: found))
        }
        guard found.isEmpty else {
            throw .usage(
                "Several organizations have a workflow '\(key)': \(found.map(\.organization).joined(separator: ", "))",
                remedy: "Say which with --org")
        }
        let nearest = NearestWord.find(key, among: known).map { "; did you mean '\($0)'?" } ?? ""
        throw .usage(
            "There is no workflow '\(TerminalText.safe(key))' in \(place)\(nearest)",
            remedy: known.isEmpty
                ? "Give a catalogue file to plan one before it is applied"
                : "Known are \(known.prefix(20).joined(separator: ", "))")
    }

    private static func choice(among names: [Name]) -> String {
        let keys = Set(names.map(\.key)).sorted()
        return keys.count > 1
            ? "Say which with --workflow: \(keys.prefix(20).joined(separator: ", "))"
            : "Say whose with --org: \(names.map(\.organization).joined(separator: ", "))"
    }
}
