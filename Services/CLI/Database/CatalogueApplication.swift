import Catalogue
import JSON
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

    /// The endpoints of a definition that have no secret: neither does the definition name one, nor has Weir made one.
    func unsignedEndpoints(of definition: CatalogueDefinition) async throws -> [CatalogueItem.Identity] {
        let unnamed = definition.items
            .filter { $0.identity.kind == .webhookEndpoint && $0.fields["secret_name"]?.stringValue == nil }
            .map(\.identity)
        guard !unnamed.isEmpty else { return [] }
        let signed = try await store.endpointsWithSecrets(ofOrganizations: definition.organizations.map(\.key))
        return unnamed.filter { !signed.contains($0) }
    }
}
