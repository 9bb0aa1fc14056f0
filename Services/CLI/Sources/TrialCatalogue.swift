import Catalogue
import Contracts
import Store

/// Finds the source that is to be tried out.
struct TrialCatalogue {
    let context: CommandContext
    /// The key of the source.
    let source: String
    /// The key of its organization, if it was said.
    let organization: String?

    /// The source as a file declares it, applied or not.
    func source(inFile file: String, overrides: [CatalogueOverride]) throws -> TrialSource {
        let text = try CatalogueFile.read(context.path(file), shownAs: file)
        let definition = try CatalogueFile.definition(text, shownAs: file, overrides: overrides)
        let names = definition.organizations.flatMap { organization in
            organization.sources.map { CatalogueStore.SourceName(organization: organization.key, key: $0.key) }
        }
        return try TrialSource(source, of: owner(among: names, where: file), items: definition.items)
    }

    /// The source as the database has it.
    func source(in options: DatabaseOptions) async throws -> TrialSource {
        try await context.withDatabase(options) { pool in
            let store = CatalogueStore(pool: pool)
            let owner = try owner(among: await store.sourceNames(first: source), where: "the database")
            return try TrialSource(source, of: owner, items: await store.items(ofOrganizations: [owner]))
        }
    }

    /// The organization whose source is meant.
    private func owner(among names: [CatalogueStore.SourceName], where place: String) throws(CommandError) -> String {
        let owners = names.filter { $0.key == source }.map(\.organization)
        if let organization {
            if owners.contains(organization) { return organization }
        } else if owners.count > 1 {
            throw .usage(
                "Several organizations have a source '\(source)': \(owners.joined(separator: ", "))",
                remedy: "Say which with --org")
        } else if let owner = owners.first {
            return owner
        }
        let known = names.filter { organization == nil || $0.organization == organization }.map(\.key)
        let nearest = NearestWord.find(source, among: known).map { "; did you mean '\($0)'?" } ?? ""
        let owner = organization.map { " of \($0)" } ?? ""
        throw .usage(
            "There is no source '\(TerminalText.safe(source))'\(owner) in \(place)\(nearest)",
            remedy: known.isEmpty
                ? "Declare it in a catalogue file, and give that with -f to try it before it is applied"
                : "Known are \(Set(known).sorted().prefix(20).joined(separator: ", "))")
    }
}
