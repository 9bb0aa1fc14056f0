import Contracts
import Store

/// The ids of activities that stand in a catalogue file: a workflow may name an activity by its id, which the database alone can
/// tell.
struct WrittenIDs {
    /// Each id by the spellings of it.
    private let spellings: [ActivityID: Set<String>]

    /// Everything in these texts that looks like an id.
    init(in texts: [String]) {
        var spellings: [ActivityID: Set<String>] = [:]
        for text in texts {
            for match in text.matches(of: #/[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}/#) {
                let spelling = String(match.output)
                if let id = ActivityID(spelling) { spellings[id, default: []].insert(spelling) }
            }
        }
        self.spellings = spellings
    }

    var isEmpty: Bool { spellings.isEmpty }

    /// Those that are an activity's: by the key of the organization, the key of the activity by the id as it is written.
    func activities(in store: CatalogueStore) async throws -> [String: [String: String]] {
        guard !isEmpty else { return [:] }
        var keys: [String: [String: String]] = [:]
        for name in try await store.activityNames(ofIDs: Array(spellings.keys)) {
            for spelling in spellings[name.id] ?? [] { keys[name.organization, default: [:]][spelling] = name.key }
        }
        return keys
    }
}
