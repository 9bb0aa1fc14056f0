import Foundation
import Postgres
import Runtime
import States
import Store
import Synchronization
import Testing

extension IntegrationTests {
    /// States as the database keeps them, held against a model of the rule.
    @Suite("State model")
    struct StateModelTests {
        /// Allowed and forbidden transitions in batches, on all tables, on eight connections at once: partly each on its own rows, partly
        /// all on the same. `WEIR_TEST_SEED` repeats the choices of a run.
        @Test func aHundredThousandRandomTransitionsLeaveWhatTheModelSays() async throws {
            let seed =
                ProcessInfo.processInfo.environment["WEIR_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0 ... .max)
            try await withDatabase(
                consistency: .waived(because: "its transitions are random, and their rows are nobody's work")
            ) { database in
                do {
                    try await walk(database, seed: seed)
                } catch {
                    Issue.record("with WEIR_TEST_SEED=\(seed): \(error)")
                }
            }
        }

        private static let walkerCount = 8

        private func walk(_ database: TestDatabase, seed: UInt64) async throws {
            try await database.pool.withConnection { try await $0.script(StateTables.catalogue) }
            let makeID = IDGenerator()
            let parents: [StateEntity: [UUID]] = [.run: makeID.next(7), .activityRequest: makeID.next(7)]
            for (entity, ids) in parents { try await database.pool.run(StateTables.makeParents(of: entity, ids)) }
            let contested = ContestedRows()
            let pools = (0..<Self.walkerCount).map { number in
                PostgresPool(
                    configuration: ServiceSession.configuration(
                        url: database.administratorURL, service: "walker \(number)", connections: 1), logger: .silent)
            }
            var walkers = pools.enumerated().map { number, pool in
                StateWalker(
                    name: "walker \(number)", pool: pool, contested: contested, parents: parents,
                    random: SplitMix64(seed: seed &+ UInt64(number)))
            }
            do {
                for entity in StateEntity.allCases {
                    let made = try await walkers[0].insert(24, entity)
                    contested.model.withLock { $0.merge(made) }
                }
                walkers = try await walkTogether(walkers)
            } catch {
                for pool in pools { await pool.close() }
                throw error
            }
            for pool in pools { await pool.close() }
            #expect(walkers.map(\.tried).reduce(0, +) >= 100_000)
            #expect(walkers.allSatisfy { $0.taken > 0 && $0.refused > 0 }, "with WEIR_TEST_SEED=\(seed)")
            var model = contested.model.withLock { $0 }
            #expect(
                model.rows.values.contains { Set($0.history.compactMap { $0.split(separator: "|").last }).count > 4 },
                "nobody has fought for the contested rows")
            for walker in walkers { model.merge(walker.model) }
            #expect(model.rows.values.map { $0.history.count - 1 }.reduce(0, +) >= 50_000, "too many were refused")
            for difference in try await differences(database, model, parents) {
                Issue.record("with WEIR_TEST_SEED=\(seed): \(difference)")
            }
        }

        private func walkTogether(_ walkers: [StateWalker]) async throws -> [StateWalker] {
            try await withThrowingTaskGroup(of: StateWalker.self) { group in
                for walker in walkers {
                    group.addTask {
                        var walker = walker
                        try await walker.walk(100_000 / Self.walkerCount)
                        return walker
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }

        /// The first differences between the tables and the model, in words.
        private func differences(
            _ database: TestDatabase, _ model: StateModel, _ parents: [StateEntity: [UUID]]
        ) async throws -> [String] {
            let others = parents.values.flatMap(\.self)
            var differences: [String] = []
            func compare<Value: Equatable>(_ what: String, _ found: [UUID: Value], _ expected: [UUID: Value]) {
                let keys = Set(found.keys).union(expected.keys).filter { found[$0] != expected[$0] }
                for key in keys.sorted(by: { $0.uuidString < $1.uuidString }).prefix(3) {
                    let (actual, wanted) = (
                        found[key].map { "\($0)" } ?? "nothing", expected[key].map { "\($0)" } ?? "nothing"
                    )
                    differences.append("\(what) of \(key) (one of \(keys.count)):\n\(actual)\ninstead of\n\(wanted)")
                }
            }
            compare(
                "the row", try await texts(database, StateTables.rows, others),
                Dictionary(uniqueKeysWithValues: model.rows.keys.map { ($0, model.line($0)) }))
            compare(
                "the history", try await texts(database, StateTables.history, others),
                model.rows.mapValues { $0.history.joined(separator: "\n") })
            for entity in parents.keys {
                var counters: [UUID: [Int]] = [:]
                for row in try await database.pool.execute(Statement("test", StateTables.counters(of: entity))) {
                    let (id, total, done, failed, invalid, timedout) = try row.decode(
                        (UUID, Int32, Int32, Int32, Int32, Int32).self)
                    counters[id] = [total, done, failed, invalid, timedout].map(Int.init)
                }
                compare("the counters of \(entity.rawValue)", counters, model.counters(of: entity))
            }
            return differences
        }

        private func texts(_ database: TestDatabase, _ sql: String, _ others: [UUID]) async throws -> [UUID: String] {
            var texts: [UUID: String] = [:]
            for row in try await database.pool.execute(Statement("test", sql), others) {
                let (id, text) = try row.decode((UUID, String).self)
                if texts.updateValue(text, forKey: id) != nil { throw HarnessError("\(id) is in two places") }
            }
            return texts
        }
    }
}
