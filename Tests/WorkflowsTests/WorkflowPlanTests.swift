import Contracts
import JSON
import Testing
import Workflows

@Suite("Plans of workflows")
struct WorkflowPlanTests {
    private let known: [String: WorkflowPlan.Activity] = [
        "list": .init(type: .extract, maxObjects: 1_000, objectsPerCall: [1, 1]),
        "profile": .init(type: .enrichment, maxObjects: 1_000, objectsPerCall: [50]),
        "people": .init(type: .enrichment, maxObjects: 1_000, objectsPerCall: [1, 10]),
        "qualify": .init(type: .sourcing, maxObjects: 20, objectsPerCall: [1]),
    ]

    @Test func whatFlowsIsKnownByItsMostOnly() throws {
        let plan = WorkflowPlan(try graph(), activities: known)
        #expect(plan.steps.map(\.step.key) == ["find", "enrich", "staffing", "decide"])
        // The step's bound of 100 is below the activity's; 50 of the at most 200 that lead to decide are taken.
        #expect(plan.steps.map(\.objects) == [.atMost(100), .atMost(100), .atMost(100), .atMost(50)])
        #expect(plan.steps.map(\.runs) == [.exactly(2), .atMost(100), .atMost(200), .atMost(50)])
        #expect(plan.steps.map(\.calls) == [.exactly(2), .atMost(2), .atMost(110), .atMost(50)])
        #expect(plan.runs == .atMost(352) && plan.calls == .atMost(164))
    }

    @Test func anExtractFindsNoMoreThanItsActivityAllows() throws {
        let text = pipeline.changing(#""max_objects": 100"#, to: #""max_objects": 5000"#)
        #expect(WorkflowPlan(try graph(text), activities: known).steps[0].objects == .atMost(1_000))
    }

    @Test(arguments: [
        (nil, WorkflowPlan.Amount.atMost(100_000), WorkflowPlan.Amount.atMost(2_000)),
        (120, .exactly(120), .exactly(3)), (0, .exactly(0), .exactly(0)),
    ])
    func objectsOfTheRequestGoToThePhaseThatBegins(
        given: Int?, objects: WorkflowPlan.Amount, calls: WorkflowPlan.Amount
    ) throws {
        let text = #"{"one": {"id": "profile", "setup": {"config": {"phase": 1}}}}"#
        let plan = WorkflowPlan(try graph(text), activities: known, objects: given)
        #expect(plan.steps[0].objects == objects && plan.steps[0].runs == objects && plan.steps[0].calls == calls)
        #expect(plan.runs == objects && plan.calls == calls)
    }

    @Test func aStepTakesNoMoreOfThemThanItsBound() throws {
        let text = #"{"one": {"id": "profile", "setup": {"config": {"phase": 1, "max_objects": 70}}}}"#
        #expect(WorkflowPlan(try graph(text), activities: known, objects: 120).steps[0].objects == .exactly(70))
    }

    @Test func aSourcingFindsObjectsWhereNoneAreNamed() throws {
        let text = #"{"one": {"id": "qualify", "setup": {"config": {"phase": 1}}}}"#
        let finding = WorkflowPlan(try graph(text), activities: known).steps[0]
        #expect(finding.objects == .atMost(20) && finding.runs == .exactly(1) && finding.calls == .exactly(1))
        let taking = WorkflowPlan(try graph(text), activities: known, objects: 30).steps[0]
        #expect(taking.objects == .exactly(30) && taking.runs == .exactly(30) && taking.calls == .exactly(30))
    }

    @Test func aSourcingBesideAnEnrichmentTakesWhatThatTakes() throws {
        let text = """
            {"one": {"id": "qualify", "setup": {"config": {"phase": 1}}},
             "two": {"id": "profile", "setup": {"config": {"phase": 1, "max_objects": 7}}}}
            """
        let plan = WorkflowPlan(try graph(text), activities: known)
        #expect(plan.steps.map(\.objects) == [.atMost(100_000), .atMost(7)])
    }

    @Test func whatIsNotKnownComesToNothing() throws {
        let plan = WorkflowPlan(try graph(), activities: [:], objects: 3)
        #expect(plan.runs == .exactly(0) && plan.calls == .exactly(0) && plan.steps.count == 4)
    }
}
