import Foundation
import States

/// What the tables with states should hold, by the rule of Libraries/States and nothing else.
struct StateModel: Sendable {
    /// A row as it should be, with all that should have happened to it.
    struct Row: Sendable {
        let entity: StateEntity
        /// The request whose counters count it; nil where nothing does.
        let parent: UUID?
        var state: State
        var substate: String?
        var reason: String?
        var attempt: Int32
        var history: [String] = []
    }

    /// What an update sets one row to.
    struct Change: Sendable {
        let id: UUID
        let state: State
        let substate: String?
        let reason: String?
        let attempt: Int32
    }

    private(set) var rows: [UUID: Row] = [:]
    private(set) var ids: [StateEntity: [UUID]] = [:]

    subscript(id: UUID) -> Row {
        guard let row = rows[id] else { preconditionFailure("the model has no row \(id)") }
        return row
    }

    /// A row is born, in whatever state.
    mutating func insert(_ change: Change, entity: StateEntity, parent: UUID?, actor: String) {
        var row = Row(
            entity: entity, parent: parent, state: change.state, substate: change.substate, reason: change.reason,
            attempt: change.attempt)
        row.history = [Self.entry(from: nil, change, actor: actor)]
        rows[change.id] = row
        ids[entity, default: []].append(change.id)
    }

    /// The states that a change of a row leads to and that the rule allows, or those that it does not.
    func targets(of id: UUID, allowed: Bool) -> [State] {
        let row = self[id]
        return State.allCases.filter { state in
            state != row.state && StateTransition.allows(from: row.state, to: state, entity: row.entity) == allowed
        }
    }

    /// What the database says to a batch; nil when it takes it.
    func refusal(of changes: [Change]) -> String? {
        let refused = changes.filter { change in
            let row = self[change.id]
            return row.state != change.state
                && !StateTransition.allows(from: row.state, to: change.state, entity: row.entity)
        }
        guard let first = refused.min(by: { $0.id.uuidString < $1.id.uuidString }) else { return nil }
        let row = self[first.id]
        let allowed = StateTransition.all.filter { $0.from == row.state && $0.entities.contains(row.entity) }
            .sorted { ($0.kind.rawValue, $0.to.rawValue) < ($1.kind.rawValue, $1.to.rawValue) }
            .map { "\($0.to.rawValue) (\($0.rule))" }.joined(separator: ", ")
        let (from, to) = (row.state.rawValue, first.state.rawValue)
        return
            "\(row.entity.rawValue) \(first.id.uuidString.lowercased()): \(from) → \(to) is not an allowed transition; "
            + (allowed.isEmpty ? "nothing follows \(from)" : "from \(from) it may go to \(allowed)")
    }

    /// A batch that was taken.
    mutating func apply(_ changes: [Change], actor: String) {
        for change in changes {
            var row = self[change.id]
            if row.state != change.state { row.history.append(Self.entry(from: row.state, change, actor: actor)) }
            (row.state, row.substate, row.reason) = (change.state, change.substate, change.reason)
            row.attempt = change.attempt
            rows[change.id] = row
        }
    }

    /// Takes in the rows of another model.
    mutating func merge(_ other: StateModel) {
        rows.merge(other.rows) { _, new in new }
        ids.merge(other.ids) { $0 + $1 }
    }

    /// A row on one line, as ``StateTables`` reads it.
    func line(_ id: UUID) -> String {
        let row = self[id]
        return [
            row.entity.rawValue, row.state.rawValue, row.substate ?? "-", row.reason ?? "-", "\(row.attempt)",
        ].joined(separator: "|")
    }

    /// Total, done, failed, invalid and timed out rows of a parent.
    func counters(of entity: StateEntity) -> [UUID: [Int]] {
        var counters: [UUID: [Int]] = [:]
        for row in rows.values where row.entity == entity {
            guard let parent = row.parent else { continue }
            counters[parent, default: [0, 0, 0, 0, 0]][0] += 1
            let place: Int? =
                switch row.state {
                case .done, .delivered: 1
                case .failed: 2
                case .invalid: 3
                case .timedout: 4
                default: nil
                }
            if let place { counters[parent, default: []][place] += 1 }
        }
        return counters
    }

    private static func entry(from: State?, _ change: Change, actor: String) -> String {
        [
            from?.rawValue ?? "-", change.state.rawValue, change.substate ?? "-", change.reason ?? "-",
            "\(change.attempt)", actor,
        ].joined(separator: "|")
    }
}
