import JSON
import Testing
import Workflows

@Suite("Steps of workflows")
struct WorkflowGraphTests {
    @Test func stepsStandByPhaseThenByKey() throws {
        let graph = try graph()
        #expect(graph.steps.map(\.key) == ["find", "enrich", "staffing", "decide"])
        #expect(graph.steps.map(\.phase) == [1, 2, 2, 3])
        #expect(graph.steps.map(\.activity) == ["list", "profile", "people", "qualify"])
        #expect(graph.steps.map(\.maxObjects) == [100, nil, nil, 50])
        #expect(graph.steps.map(\.onFailure) == [.continue, .stop, .skip, .continue])
        #expect(graph.steps[0].destinations == ["profile", "people"] && graph.steps[3].destinations.isEmpty)
    }

    @Test func whatLeadsToAStepIsKnown() throws {
        let graph = try graph()
        #expect(graph.sources(of: graph.steps[3]).map(\.key) == ["enrich", "staffing"])
        #expect(graph.sources(of: graph.steps[0]).isEmpty)
    }

    @Test func itsJSONIsReadAsTheSameWorkflow() throws {
        let graph = try graph()
        #expect(try WorkflowGraph(reading: graph.json, activities: activities) == graph)
        #expect(
            graph.json["decide"] == [
                "id": "qualify", "type": "activity",
                "setup": ["config": ["phase": 3, "max_objects": 50, "on_failure": "continue"]],
                "destination": ["activity": ["id": []]],
            ])
        #expect(graph.json["enrich"]?["setup"]?["config"] == ["phase": 2, "on_failure": "stop"])
    }

    @Test func anIDBecomesTheKeyOfItsActivity() throws {
        let id = "01a1fdaa-e92e-7552-a4dd-a93d69303891"
        var known = activities
        known[id] = known["profile"]
        let text = pipeline.replacing(#""profile""#, with: "\"\(id)\"")
        #expect(try WorkflowGraph(reading: try JSONValue(parsing: text), activities: known) == graph())
    }

    @Test func partsThatAreNullAreLeftOut() throws {
        let text =
            #"{"one": {"id": "profile", "setup": {"config": {"phase": 1, "max_objects": null, "on_failure": null}}, "destination": null}}"#
        let step = try #require(try graph(text).steps.first)
        #expect(step.maxObjects == nil && step.onFailure == .continue && step.destinations.isEmpty)
    }
}
