import Catalogue
import Store

/// Brings the stored catalogue to what a file says.
struct CatalogueApplication {
    let store: CatalogueStore

    /// Compares and, unless it is a dry run, writes.
    ///
    /// - Returns: what was different before.
    func apply(_ definition: CatalogueDefinition, isDryRun: Bool = false) async throws -> CatalogueDiff {
        let stored = try await store.items(
            ofOrganizations: definition.organizations.map(\.key), rateGroups: definition.rateGroups.map(\.key))
        let diff = CatalogueDiff(desired: definition.items, removals: definition.removals, stored: stored)
        guard !isDryRun, !diff.isEmpty else { return diff }
        // Each item refers only to kinds before its own.
        let items = (diff.created + diff.changed.map(\.item)).sorted { $0.identity < $1.identity }
        try await store.write(items, removing: diff.removed)
        return diff
    }
}
