import JSON
import States
import Testing

@Suite("State transitions")
struct StateTransitionTests {
    @Test func theVectorFileHoldsExactlyTheTable() throws {
        let file = try #require(Vectors.load("state_transitions")["transitions"]?.arrayValue)
        let table = StateTransition.rows.map { row -> JSONValue in
            [
                "entity": .string(row.entity),
                "from": .string(row.from),
                "to": .string(row.to),
                "kind": .string(row.kind),
                "rule": .string(row.rule),
                "reasons": .array(row.reasons.map { .string($0) }),
            ]
        }
        #expect(file == table)
    }

    @Test func theNormalFlowIsTheSpecifications() {
        let normal: [State: [State]] = [
            .new: [.valid, .invalid], .valid: [.ready, .waiting], .ready: [.inProgress],
            .inProgress: [.done, .failed, .timedout], .waiting: [.ready, .invalid, .timedout], .done: [.delivered],
        ]
        for entity in StateEntity.allCases {
            for state in State.allCases {
                let next = StateTransition.all.filter {
                    $0.kind == .normal && $0.from == state && $0.entities.contains(entity)
                }
                let expected = state == .done && !entity.isRequest ? [] : normal[state] ?? []
                #expect(next.map(\.to) == expected, "\(entity) \(state)")
            }
        }
    }

    @Test func noStepIsListedTwiceAndNoneStaysInPlace() {
        let steps = StateTransition.all.map { "\($0.from)→\($0.to)" }
        #expect(Set(steps).count == steps.count)
        #expect(StateTransition.all.allSatisfy { $0.from != $0.to && !$0.entities.isEmpty })
    }

    @Test func recoveryNeedsAReasonAndTheNormalFlowNone() {
        #expect(StateTransition.all.allSatisfy { ($0.kind == .recovery) == !$0.reasons.isEmpty })
    }

    @Test func aRunAndARunRequestEndAtDone() {
        for entity in [StateEntity.run, .runRequest] {
            #expect(!StateTransition.allows(from: .done, to: .delivered, entity: entity))
            #expect(entity.isFinal(.done))
            #expect(
                StateEntity.allCases.allSatisfy { !StateTransition.allows(from: .delivered, to: .done, entity: $0) })
        }
        #expect(StateTransition.allows(from: .done, to: .delivered, entity: .activityRequest))
        #expect(!StateEntity.activityRequest.isFinal(.done))
        #expect(StateEntity.activityRequest.isFinal(.done, hasEndpoint: false))
    }

    @Test func nothingLeavesAFinalStateButByRetryOrReplay() {
        for entity in StateEntity.allCases {
            for state in State.allCases where entity.isFinal(state) {
                for transition in StateTransition.all
                where transition.from == state && transition.entities.contains(entity) {
                    #expect(transition.kind == .recovery)
                    #expect(Set(transition.reasons).isSubset(of: [.retry, .replay]))
                }
            }
        }
    }

    @Test func everythingThatIsNotFinalCanBeCancelled() {
        for entity in StateEntity.allCases {
            for state in State.allCases where !entity.isFinal(state) && state != .done {
                #expect(StateTransition.allows(from: state, to: .failed, entity: entity), "\(entity) \(state)")
            }
        }
    }

    @Test func everyStateIsReachedFromNew() {
        for entity in StateEntity.allCases {
            var reached: Set<State> = [.new]
            var waiting: [State] = [.new]
            while let state = waiting.popLast() {
                for next in StateTransition.successors(of: state, entity: entity) where reached.insert(next).inserted {
                    waiting.append(next)
                }
            }
            #expect(reached.union(entity.isRequest ? [] : [.delivered]) == Set(State.allCases), "\(entity)")
        }
    }

    @Test func theLabelsAreThoseOfTheDatabase() {
        let labels = "new valid invalid waiting ready in_progress timedout failed done delivered"
        #expect(State.allCases.map(\.rawValue) == labels.split(separator: " ").map(String.init))
        let tables = "workflow_request activity_request run_queue run_request"
        #expect(StateEntity.allCases.map(\.rawValue) == tables.split(separator: " ").map(String.init))
    }

    @Test func stateAndSubstateReadAsOneWord() {
        #expect(Substate.joined(.invalid, .missingValue) == "invalid_missing_value")
        #expect(Substate.split("invalid_json")?.substate == .json)
        #expect(Substate.split("in_progress")?.state == .inProgress)
        #expect(Substate.split("in_progress_fetched")?.substate == .fetched)
        #expect(Substate.split("nonsense") == nil)
        #expect(Set(Substate.known).count == Substate.known.count)
    }

    @Test func theCSVHasALinePerRow() {
        let lines = StateTransition.csv.split(separator: "\n")
        #expect(lines.count == StateTransition.rows.count + 1)
        #expect(lines[0] == "entity,from_state,to_state,kind,reasons")
        #expect(lines.contains("run_queue,in_progress,ready,recovery,lease_expired backoff_over"))
    }
}
