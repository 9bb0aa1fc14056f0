import Catalogue
import Contracts
import Store

/// Finds the workflow that is meant.
struct WorkflowCatalogue {
    let context: CommandContext

    /// A workflow as a file declares it, applied or not.
    ///
    /// - Parameters:
    ///   - key: nil for the only one that there is.
    ///   - organization: the key of its organization, if it was said.
    func workflow(
        _ key: String?, of organization: String?, inFile file: String, set arguments: [String],
        database: DatabaseOptions
    ) async throws -> PlannedWorkflow {
        let definition = try await definition(inFile: file, set: arguments, database)
        let names = definition.organizations.filter { organization == nil || $0.key == organization }.flatMap {
            declared in declared.workflows.map { (organization: declared.key, key: $0.key) }
        }
        let found = names.filter { key == nil || $0.key == key }
        if found.count == 1 {
            return try PlannedWorkflow(found[0].key, of: found[0].organization, items: definition.items)
        }
        let place = TerminalText.safe(file)
        if let key, found.isEmpty { throw Self.unknown(key, among: names.map(\.key), in: place) }
        guard !found.isEmpty else {
            throw CommandError.usage("There is no workflow in \(place)", remedy: "Declare one under workflows")
        }
        let keys = Set(found.map(\.key)).sorted()
        throw CommandError.usage(
            "There are several workflows in \(place)",
            remedy: keys.count > 1
                ? "Say which with --workflow: \(keys.prefix(20).joined(separator: ", "))"
                : "Say whose with --org: \(found.map(\.organization).joined(separator: ", "))")
    }

    /// What a file declares. Only where it can be understood no other way, the database is asked whose ids stand in it.
    private func definition(
        inFile file: String, set arguments: [String], _ database: DatabaseOptions
    ) async throws -> CatalogueDefinition {
        let text = try CatalogueFile.read(context.path(file), shownAs: file)
        let overrides = arguments.compactMap { CatalogueOverride(argument: $0) }
        do {
            return try CatalogueFile.definition(text, shownAs: file, overrides: overrides)
        } catch {
            let ids = WrittenIDs(in: [text] + arguments)
            guard !ids.isEmpty, (try? context.databaseURL(database)) != nil else { throw error }
            let known = try await context.withDatabase(database) { pool in
                try await ids.activities(in: CatalogueStore(pool: pool))
            }
            return try CatalogueFile.definition(text, shownAs: file, overrides: overrides, activityIDs: known)
        }
    }

    /// A workflow as the organization of the key has it.
    func workflow(_ key: String, at intake: IntakeOptions) async throws -> PlannedWorkflow {
        try await IntakeClient.withClient(intake, context) { client in
            let workflows = try await client.workflows()
            guard let found = workflows.first(where: { $0.key == key }) else {
                throw Self.unknown(key, among: workflows.map(\.key), in: "your organization")
            }
            return try found.planned()
        }
    }

    private static func unknown(_ key: String, among all: [String], in place: String) -> CommandError {
        let known = Set(all).sorted()
        let nearest = NearestWord.find(key, among: known).map { "; did you mean '\($0)'?" } ?? ""
        return .usage(
            "There is no workflow '\(TerminalText.safe(key))' in \(place)\(nearest)",
            remedy: known.isEmpty
                ? "Give a catalogue file to plan one before it is applied"
                : "Known are \(known.prefix(20).joined(separator: ", "))")
    }
}
