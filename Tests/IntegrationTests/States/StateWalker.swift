import Foundation
import Postgres
import Runtime
import States
import Synchronization

/// Rows that all walkers fight for. Whoever holds a row's lock in the database may change it here, before the commit.
final class ContestedRows: Sendable {
    let model = Mutex(StateModel())
}

/// Takes rows through random transitions on a connection of its own, and keeps a model of what must come of it.
struct StateWalker {
    let name: String
    let pool: PostgresPool
    let contested: ContestedRows
    /// The requests whose counters count runs, and those that count activity requests.
    let parents: [StateEntity: [UUID]]
    var random: SplitMix64
    /// The rows that only this walker changes.
    var model = StateModel()
    /// Transitions of rows that were tried, batches that were taken, and batches that were refused.
    var (tried, taken, refused) = (0, 0, 0)

    private let makeID = IDGenerator()

    init(
        name: String, pool: PostgresPool, contested: ContestedRows, parents: [StateEntity: [UUID]], random: SplitMix64
    ) {
        (self.name, self.pool, self.contested, self.parents, self.random) = (name, pool, contested, parents, random)
    }

    /// Goes on until so many transitions were tried, allowed and forbidden ones together.
    mutating func walk(_ transitions: Int) async throws {
        for entity in StateEntity.allCases { model.merge(try await insert(200, entity)) }
        while tried < transitions {
            let entity = StateEntity.allCases[Int.random(in: 0..<4, using: &random)]
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<5: model.merge(try await insert(Int.random(in: 1...40, using: &random), entity))
            case 5..<20: try await fight(for: entity)
            default: try await change(entity)
            }
        }
    }

    /// Makes rows in random states, final ones too; `delivered` is for requests only.
    mutating func insert(_ count: Int, _ entity: StateEntity) async throws -> StateModel {
        var made = StateModel()
        var changes: [StateModel.Change] = []
        var chosen: [UUID?] = []
        let actor = randomActor()
        let states = State.allCases.filter { $0 != .delivered || entity.isRequest }
        for id in makeID.next(count) {
            let change = change(of: id, to: states.randomElement(using: &random) ?? .new, attempt: 0)
            let parent = parents[entity]?.randomElement(using: &random)
            changes.append(change)
            chosen.append(parent)
            made.insert(change, entity: entity, parent: parent, actor: actor ?? name)
        }
        var pipeline = Pipeline()
        if let actor { pipeline.add(StateTables.setActor, actor) }
        StateTables.insert(changes, entity: entity, parents: chosen, to: &pipeline)
        try await pool.run(pipeline)
        return made
    }

    /// Changes rows of its own.
    private mutating func change(_ entity: StateEntity) async throws {
        let most = [1, 2, 5, 20, 80, 250].randomElement(using: &random) ?? 1
        let count = Int.random(in: 1...most, using: &random)
        let ids = (model.ids[entity] ?? []).shuffled(using: &random).prefix(count)
        let changes = batch(Array(ids), in: model)
        let actor = randomActor()
        var pipeline = Pipeline()
        if let actor { pipeline.add(StateTables.setActor, actor) }
        StateTables.update(changes, entity: entity, in: &pipeline)
        let expected = model.refusal(of: changes)
        do {
            let results = try await pool.run(pipeline)
            try check(results.last?.affectedRows == changes.count, "an update missed a row of \(entity.rawValue)")
            try check(expected == nil, "taken, but it should have been refused: \(expected ?? "")")
            model.apply(changes, actor: actor ?? name)
            taken += 1
        } catch let error as PostgresError {
            try check(error, expected, entity)
        }
    }

    /// Changes rows that the others want too, if it gets any.
    private mutating func fight(for entity: StateEntity) async throws {
        let ids = contested.model.withLock { $0.ids[entity] ?? [] }.shuffled(using: &random)
        let limit = Int.random(in: 1...12, using: &random)
        let actor = randomActor()
        var expected: String?
        do {
            try await pool.transaction { transaction in
                var locked: [UUID] = []
                for row in try await transaction.execute(StateTables.lock(entity), ids, limit) {
                    let (id, state) = try row.decode((UUID, String).self)
                    let known = contested.model.withLock { $0[id].state.rawValue }
                    try check(state == known, "\(entity.rawValue) \(id) is \(state), not \(known)")
                    locked.append(id)
                }
                if locked.isEmpty { return }
                let model = contested.model.withLock { $0 }
                let changes = batch(locked, in: model)
                expected = model.refusal(of: changes)
                var pipeline = Pipeline()
                if let actor { pipeline.add(StateTables.setActor, actor) }
                StateTables.update(changes, entity: entity, in: &pipeline)
                try await transaction.run(pipeline)
                try check(expected == nil, "taken, but it should have been refused: \(expected ?? "")")
                contested.model.withLock { $0.apply(changes, actor: actor ?? name) }
                taken += 1
            }
        } catch let error as PostgresError {
            try check(error, expected, entity)
        }
    }

    /// A change for each row: all allowed, or one that is not, or several.
    private mutating func batch(_ ids: [UUID], in model: StateModel) -> [StateModel.Change] {
        var isBad = Array(repeating: false, count: ids.count)
        if random.chance(25) {
            isBad[Int.random(in: isBad.indices, using: &random)] = true
        } else if random.chance(15) {
            isBad = isBad.map { _ in random.chance(30) }
        }
        return zip(ids, isBad).map { id, isBad in
            let row = model[id]
            // A row that nothing follows stays as it is, and now and then others do.
            let stays = !isBad && random.chance(5)
            let target = stays ? nil : model.targets(of: id, allowed: !isBad).randomElement(using: &random)
            if target != nil { tried += 1 }
            return change(of: id, to: target ?? row.state, attempt: row.attempt + (random.chance(30) ? 1 : 0))
        }
    }

    private mutating func change(of id: UUID, to state: State, attempt: Int32) -> StateModel.Change {
        let known = Substate.known.randomElement(using: &random)?.rawValue
        return StateModel.Change(
            id: id, state: state, substate: random.chance(50) ? known : nil,
            reason: random.chance(50) ? "because of № \(Int.random(in: 0..<1000, using: &random))" : nil,
            attempt: attempt)
    }

    private mutating func randomActor() -> String? {
        random.chance(30) ? "person \(Int.random(in: 1...9, using: &random))" : nil
    }

    /// An error must be the refusal that the model foresaw.
    private mutating func check(_ error: PostgresError, _ expected: String?, _ entity: StateEntity) throws {
        guard let expected else { throw error }
        try check(
            error.sqlState == "WR001" && error.message == expected && error.table == entity.rawValue,
            "refused with \(error.sqlState ?? "") \(error.table ?? "") '\(error.message)' instead of WR001 '\(expected)'"
        )
        refused += 1
    }

    private func check(_ holds: Bool, _ complaint: @autoclosure () -> String) throws {
        if !holds { throw HarnessError("\(name): \(complaint())") }
    }
}
