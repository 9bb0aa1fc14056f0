import Catalogue
import JSON
import Testing
import Workflows

/// A catalogue with a workflow of three phases; tests break one line of it.
let workflowCatalogue =
    findingCatalogue + """

        webhook_endpoints:
          receiver: { url: "https://example.com/hooks", secret: <<$secret.HOOK>> }
        workflows:
          prospects:
            name: Prospects
            webhook_endpoints: [receiver]
            data:
              find:
                id: find
                type: activity
                setup: { config: { phase: 1, max_objects: 100 } }
                destination: { activity: { id: [enrich] } }
              fill:
                id: enrich
                setup:
                  config:
                    phase: 2
                    on_failure: stop
                destination: { activity: { id: [qualify] } }
              decide:
                id: qualify
                setup: { config: { phase: 3 } }
        """

@Suite("Workflows in a catalogue")
struct WorkflowDeclarationTests {
    private func workflow(
        _ text: String = workflowCatalogue, activityIDs: [String: [String: String]] = [:]
    ) throws -> WorkflowDefinition {
        let organization = try CatalogueDefinition(parsing: text, activityIDs: activityIDs).organizations[0]
        return try #require(organization.workflows.first)
    }

    @Test func readsStepsAndEndpoints() throws {
        let workflow = try workflow()
        #expect(workflow.key == "prospects" && workflow.name == "Prospects")
        #expect(workflow.webhookEndpoints == ["receiver"])
        #expect(workflow.graph.steps.map(\.key) == ["find", "fill", "decide"])
        #expect(workflow.graph.steps.map(\.activity) == ["find", "enrich", "qualify"])
        #expect(workflow.graph.steps.map(\.onFailure) == [.continue, .stop, .continue])
    }

    @Test func theStepsMayBeJSON() throws {
        let json = """
            {"find": {"id": "find", "type": "activity", "setup": {"config": {"phase": 1, "max_objects": 100}},
               "destination": {"activity": {"id": ["enrich"]}}},
             "fill": {"id": "enrich", "setup": {"config": {"phase": 2, "on_failure": "stop"}},
               "destination": {"activity": {"id": ["qualify"]}}},
             "decide": {"id": "qualify", "setup": {"config": {"phase": 3}}}}
            """
        let start = try #require(workflowCatalogue.firstRange(of: "    data:\n"))
        let text = workflowCatalogue[..<start.lowerBound] + "    data: " + json.replacing("\n", with: "\n      ")
        #expect(try workflow(String(text)) == workflow())
    }

    @Test func anActivityMayBeNamedByItsID() throws {
        let id = "01a1fdaa-e92e-7552-a4dd-a93d69303891"
        let text = workflowCatalogue.changing("id: [enrich]", to: "id: [\(id)]").changing(
            "id: enrich\n", to: "id: \(id)\n")
        #expect(try workflow(text, activityIDs: ["demo": [id: "enrich"]]) == workflow())
        // Another organization's activity is none of this one's, and neither is one that the file does not declare.
        for known in [["other": [id: "enrich"]], ["demo": [id: "elsewhere"]], [:]] {
            let error = #expect(throws: CatalogueError.self) { try workflow(text, activityIDs: known) }
            #expect(error?.problems.contains { $0.what.contains("there is no activity \(id)") } == true)
        }
    }

    @Test func isAnItemOfItsOwnAfterTheActivities() throws {
        let items = try CatalogueDefinition(parsing: workflowCatalogue).items
        let workflow = try #require(items.first { $0.identity.kind == .workflow })
        #expect(workflow.identity.description == "workflow demo/prospects")
        #expect(workflow.fields["name"] == "Prospects")
        #expect(workflow.fields["data"]?["decide"]?["destination"] == ["activity": ["id": []]])
        #expect(items.last?.identity.description == "workflow_endpoint demo/prospects/receiver")
        #expect(CatalogueItem.Kind.activity < .workflow)
    }

    @Test func aChangeIsToldByItsPlace() throws {
        let wanted = try CatalogueDefinition(
            parsing: workflowCatalogue.changing("max_objects: 100 }", to: "max_objects: 50 }"))
        let stored = try CatalogueDefinition(parsing: workflowCatalogue)
        let diff = CatalogueDiff(desired: wanted.items, stored: stored.items)
        #expect(diff.changed.flatMap(\.fields).map(\.path) == ["data.find.setup.config.max_objects"])
    }

    @Test(arguments: [
        (
            "phase: 2", "phase: 7", "workflows.prospects.data.fill.setup.config.phase",
            "the phase is 7 (rule phase_is_in_bounds)"
        ),
        (
            "phase: 3", "phase: 4", "workflows.prospects.data.decide.setup.config.phase",
            "phase 4 has nothing in phase 3 before it (rule phases_are_consecutive)"
        ),
        (
            "id: [enrich]", "id: [enrich, enirch]", "workflows.prospects.data.find.destination.activity.id[1]",
            "the destination enirch is not the activity of a step (rule destination_is_a_step)"
        ),
        (
            "    id: enrich\n", "    id: enirch\n", "workflows.prospects.data.fill.id",
            "there is no activity enirch (rule activity_is_known)"
        ),
        (
            "on_failure: stop", "on_falure: stop", "workflows.prospects.data.fill.setup.config.on_falure",
            "there is no on_falure here (rule form_is_known)"
        ),
    ])
    func aBrokenRuleIsToldWhereItStands(_ part: String, _ replacement: String, _ path: String, _ what: String) throws {
        let text = workflowCatalogue.changing(part, to: replacement)
        let problem = try #require(problems(in: text).first { $0.path == path }, "\(problems(in: text))")
        #expect(problem.what == what && problem.code == .brokenWorkflowRule)
        guard case .file(let line, let column) = problem.place else {
            Issue.record("\(problem.place)")
            return
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        // The key, or the element of a list: the last word of the path, or what was written there.
        let rest = lines[line - 1].dropFirst(column - 1)
        let last = try #require(path.split(separator: ".").last)
        #expect(rest.hasPrefix(last) || last == "id[1]" && rest.hasPrefix("enirch"), "\(rest)")
    }

    @Test func whatIsMissingIsToldAtTheStep() throws {
        let text = workflowCatalogue.changing("phase: 3", to: "max_objects: 3")
        let problem = try #require(problems(in: text).first)
        #expect(problem.path == "workflows.prospects.data.decide.setup.config.phase")
        #expect(
            problem.description(file: "f").hasPrefix(
                "f:\(text.split(separator: "\n", omittingEmptySubsequences: false).count):"))
    }

    @Test(arguments: [
        ("name: Prospects", "nmae: Prospects", CatalogueProblem.Code.unknownKey, "workflows.prospects.nmae"),
        ("[receiver]", "[reciever]", .missingReference, "workflows.prospects.webhook_endpoints[0]"),
        ("data:\n", "dota:\n", .missingKey, "workflows.prospects"),
        ("  prospects:", "  Prospects:", .invalidName, "workflows.Prospects"),
    ])
    func theRestIsCheckedLikeOtherParts(
        _ part: String, _ replacement: String, _ code: CatalogueProblem.Code, _ path: String
    ) {
        let found = problems(in: workflowCatalogue.changing(part, to: replacement))
        #expect(found.contains { $0.code == code && $0.path == path }, "\(found)")
    }

    @Test func aFaultOfAnActivityIsNoFaultOfItsWorkflow() {
        let text = workflowCatalogue.changing("type: enrichment", to: "type: enrichmint")
        #expect(problems(in: text).map(\.path) == ["activities.enrich.type"])
    }
}
