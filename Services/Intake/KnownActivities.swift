import Contracts
import Store
import Synchronization

/// What activities ask of requests, as this process last heard it. What is remembered may be old: the database compares when it accepts.
final class KnownActivities: Sendable {
    /// How many are remembered.
    static let activitiesMax = 1_000

    private struct Key: Hashable {
        let org: OrgID
        let activity: String
    }

    private let known = Mutex<[Key: ActivityRecord]>([:])

    /// The activity of an organization; nil when nothing is known of it.
    func activity(_ activity: String, of org: OrgID) -> ActivityRecord? {
        known.withLock { $0[Key(org: org, activity: activity)] }
    }

    func remember(_ record: ActivityRecord, as activity: String, of org: OrgID) {
        known.withLock { known in
            let key = Key(org: org, activity: activity)
            if known.count >= Self.activitiesMax, known[key] == nil { known.removeAll() }
            known[key] = record
        }
    }
}
