import Testing

@testable import Postgres

@Suite("Pipeline state machine") struct PipelineStateMachineTests {
    private typealias Machine = PipelineStateMachine<Int>
    private static let key = StatementCache.Key(statement: Statement("a", "SELECT 1"), types: [])
    private static let error = PostgresError(.server, "no")

    private func machine(_ entries: Machine.Entry...) -> Machine {
        var machine = Machine()
        for entry in entries { machine.sent(entry) }
        return machine
    }

    /// Feeds events and gives the actions' names.
    private func receive(_ machine: inout Machine, _ events: Machine.Event...) -> [String] {
        events.map { event in
            switch machine.receive(event) {
            case .none: "none"
            case .prepared: "prepared"
            case .finished: "finished"
            case .violation: "violation"
            }
        }
    }

    @Test func outputsOfStatementsAreCollectedInOrder() {
        var machine = machine(
            .control(name: "begin"), .prepare(Self.key), .statement(name: "a", key: nil),
            .statement(name: "b", key: nil))
        let actions = receive(
            &machine, .output(0), .end, .output(0), .end, .output(1), .end, .output(2), .end, .sync)
        #expect(actions == ["none", "none", "prepared", "none", "none", "none", "none", "none", "finished"])
        #expect(machine.outputs == [1, 2])
        #expect(machine.failure == nil)
    }

    @Test func anErrorSkipsEverythingUntilTheSync() {
        var machine = machine(
            .statement(name: "a", key: nil), .statement(name: "b", key: Self.key), .statement(name: "c", key: nil))
        let actions = receive(
            &machine, .output(1), .end, .error(Self.error), .end, .skipped, .end, .sync)
        #expect(actions.last == "finished")
        #expect(machine.failure?.message == "no")
        if case .statement("b", let key?) = machine.failedEntry { #expect(key == Self.key) } else { Issue.record() }
    }

    @Test func theFirstErrorCounts() {
        var machine = machine(.statement(name: "a", key: nil))
        let second = PostgresError(.server, "another")
        #expect(receive(&machine, .error(Self.error), .end, .error(second), .sync).last == "finished")
        #expect(machine.failure?.message == "no")
    }

    @Test func anErrorOfTheSyncBelongsToNoStatement() {
        var machine = machine(.statement(name: "a", key: nil))
        #expect(receive(&machine, .output(1), .end, .error(Self.error), .sync).last == "finished")
        #expect(machine.failure != nil)
        #expect(machine.failedEntry == nil)
    }

    @Test func whatWasNotAskedForIsAViolation() {
        var early = machine(.statement(name: "a", key: nil))
        #expect(receive(&early, .sync) == ["violation"])
        var late = machine(.statement(name: "a", key: nil))
        #expect(receive(&late, .output(1), .end, .output(2)).last == "violation")
        var twice = machine(.statement(name: "a", key: nil))
        #expect(receive(&twice, .output(1), .output(2)).last == "violation")
        var after = machine()
        #expect(receive(&after, .sync, .sync) == ["finished", "violation"])
    }

    @Test func namesFollowTheAnswers() {
        var machine = machine(.prepare(Self.key), .statement(name: "b", key: nil))
        #expect(machine.currentName == "a")
        _ = receive(&machine, .output(0), .end)
        #expect(machine.currentName == "b")
        _ = receive(&machine, .output(0), .end)
        #expect(machine.currentName == "")
    }
}
