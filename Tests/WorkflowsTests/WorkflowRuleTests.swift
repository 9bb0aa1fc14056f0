import Contracts
import JSON
import Testing
import Workflows

@Suite("The rules of workflows")
struct WorkflowRuleTests {
    /// A fault, the rule that it breaks, the place that is named, and words of what is said.
    struct Fault: Sendable, CustomStringConvertible {
        let part: String
        let replacement: String
        let rule: WorkflowRule
        let path: String
        let words: String

        init(_ part: String, _ replacement: String, _ rule: WorkflowRule, _ path: String, _ words: String) {
            (self.part, self.replacement, self.rule, self.path, self.words) = (part, replacement, rule, path, words)
        }

        var description: String { "\(part) → \(replacement)" }
    }

    /// Each fault is one alone: the rest of the workflow stays right.
    static let faults = [
        Fault(
            #""id": "list""#, #""id": "lists""#, .activityIsKnown, "find.id", "no activity lists; did you mean list?"),
        Fault(#""id": "list", "#, "", .activityIsKnown, "find.id", "the id is missing"),
        Fault(#""id": "list""#, #""id": 7"#, .activityIsKnown, "find.id", "the id is a number"),
        Fault(
            #""type": "activity", "setup": {"config": {"phase": 1"#,
            #""type": "trigger", "setup": {"config": {"phase": 1"#,
            .typeIsActivity, "find.type", #"the type is "trigger""#),
        Fault(
            #""phase": 2, "on_failure": "stop""#, #""phase": 0"#, .phaseIsInBounds, "enrich.setup.config.phase",
            "1 to 5"),
        Fault(
            #""phase": 2, "on_failure": "stop""#, #""phase": 6"#, .phaseIsInBounds, "enrich.setup.config.phase", "is 6"),
        Fault(
            #""phase": 2, "on_failure": "stop""#, #""phase": 2.5"#, .phaseIsInBounds, "enrich.setup.config.phase", "2.5"
        ),
        Fault(
            #""phase": 2, "on_failure": "stop""#, #""on_failure": "stop""#, .phaseIsInBounds,
            "enrich.setup.config.phase", "missing"),
        Fault(
            #""phase": 3"#, #""phase": 5"#, .phasesAreConsecutive, "decide.setup.config.phase",
            "phase 5 has nothing in phase 4 before it; move it to phase 3"),
        Fault(
            #""max_objects": 100"#, #""max_objects": 0"#, .maxObjectsIsInBounds, "find.setup.config.max_objects",
            "100000"),
        Fault(
            #""max_objects": 100"#, #""max_objects": 100001"#, .maxObjectsIsInBounds, "find.setup.config.max_objects",
            "is 100001"),
        Fault(
            #""on_failure": "stop""#, #""on_failure": "retry""#, .onFailureIsKnown, "enrich.setup.config.on_failure",
            "stop, skip, continue"),
        Fault(
            #"["profile", "people"]"#, #"["profile", "people", "nobody"]"#, .destinationIsStep,
            "find.destination.activity.id.2", "nobody is not the activity of a step"),
        Fault(
            #"["profile", "people"]"#, #"["profile", "people", "staff"]"#, .destinationIsStep,
            "find.destination.activity.id.2", "staff is not the activity of a step"),
        Fault(
            #"["profile", "people"]"#, #"["profile", "people", "profile"]"#, .destinationStandsOnce,
            "find.destination.activity.id.2", "stands twice"),
        Fault(
            #"["profile", "people"]"#, #"["profile", "people", "list"]"#, .destinationIsAnother,
            "find.destination.activity.id.2", "its own destination"),
        Fault(
            #""on_failure": "stop"}},"# + "\n" + #"    "destination": {"activity": {"id": ["qualify"]}}}"#,
            #""on_failure": "stop"}},"# + "\n" + #"    "destination": {"activity": {"id": ["qualify", "people"]}}}"#,
            .destinationIsLater, "enrich.destination.activity.id.1", "staffing is in phase 2, and this one in phase 2"),
        Fault(
            #""max_objects": 50}}}"#, #""max_objects": 50}}, "destination": {"activity": {"id": ["profile"]}}}"#,
            .noCycle, "decide.destination", "decide → enrich → decide"),
        Fault(
            #""id": "people", "setup""#, #""id": "staff", "setup""#, .objectTypesAgree, "",
            "takes objects of the type company, and these are person"),
        Fault(
            #"["profile", "people"]"#, #"["profile"]"#, .stepIsReached, "staffing",
            "nothing leads to this step of phase 2"),
        Fault(
            #""on_failure": "stop"}},"# + "\n" + #"    "destination": {"activity": {"id": ["qualify"]}}}"#,
            #""on_failure": "stop"}},"# + "\n" + #"    "destination": {"activity": {"id": ["qualify", "list"]}}}"#,
            .extractBegins, "enrich.destination.activity.id.1", "step find is an extract"),
        Fault(
            #""id": "people", "setup""#, #""id": "search", "setup""#, .extractBegins, "",
            "this one is in phase 2; move it to phase 1"),
        Fault(#""decide": {"#, #""decide!": {"#, .stepKeyIsName, "decide!", "is not the key of a step"),
        Fault(#""decide": {"#, #""": {"#, .stepKeyIsName, "", "is not the key of a step"),
        Fault(
            #""id": "qualify", "setup""#, #""id": "qualify", "note": 1, "setup""#, .formIsKnown, "decide.note",
            "Known here: id, type, setup, destination"),
        Fault(
            #"{"phase": 3"#, #"{"max_object": 3, "phase": 3"#, .formIsKnown, "decide.setup.config.max_object",
            "did you mean max_objects?"),
        Fault(
            #""activity": {"id": ["profile", "people"]}"#, #""activity": {"id": ["profile", "people"]}, "webhook": {}"#,
            .formIsKnown, "find.destination.webhook", "there is no webhook here"),
        Fault(
            #"["profile", "people"]"#, #"["profile", "people", 3]"#, .formIsKnown, "find.destination.activity.id.2",
            "a destination is a number"),
        Fault(
            #""max_objects": 50}}}"#, #""max_objects": 50}}, "destination": {"activity": {"id": "profile"}}}"#,
            .formIsKnown, "decide.destination.activity.id", "the destinations are a string"),
        Fault(
            #""max_objects": 50}}}"#, #""max_objects": 50}}, "destination": ["profile"]}"#,
            .formIsKnown, "decide.destination", "an object with activity"),
    ]

    @Test(arguments: faults)
    func eachFaultNamesItsRuleAndPlace(_ fault: Fault) throws {
        let text = pipeline.changing(fault.part, to: fault.replacement)
        let found = try violations(in: text)
        let violation = try #require(found.first { $0.rule == fault.rule }, "\(found)")
        if !fault.path.isEmpty { #expect(violation.path.joined(separator: ".") == fault.path) }
        #expect("\(violation.what); \(violation.remedy)".contains(fault.words), "\(violation)")
    }

    @Test func aWorkflowThatIsRightBreaksNone() throws {
        #expect(try violations(in: pipeline) == [])
    }

    @Test func everyRuleIsBrokenBySomeTest() {
        let elsewhere: Set<WorkflowRule> = [.stepsAreBounded, .activityStandsOnce, .inputsAgree]
        #expect(Set(Self.faults.map(\.rule)).union(elsewhere) == Set(WorkflowRule.allCases))
    }

    @Test func thereAreOneToFiftySteps() throws {
        func steps(_ count: Int) throws -> [WorkflowRule] {
            let keys = (0..<count).map { "s\($0)" }
            let known = Dictionary(
                uniqueKeysWithValues: keys.map {
                    ($0, WorkflowActivity(key: $0, type: .enrichment, objectType: "company"))
                })
            let data = JSONValue.object(
                JSONObject(keys.map { ($0, ["id": .string($0), "setup": ["config": ["phase": 1]]]) }))
            do {
                return try WorkflowGraph(reading: data, activities: known).steps.isEmpty ? [.stepsAreBounded] : []
            } catch {
                return error.violations.map(\.rule)
            }
        }
        #expect(try steps(0) == [.stepsAreBounded] && steps(1) == [] && steps(50) == [])
        #expect(try steps(51) == [.stepsAreBounded])
        #expect(try violations(in: "[]").map(\.rule) == [.formIsKnown])
        #expect(try violations(in: #"{"find": 1}"#).map(\.rule) == [.formIsKnown])
    }

    @Test func anActivityStandsOnceAlsoUnderItsID() throws {
        let id = "01a1fdaa-e92e-7552-a4dd-a93d69303891"
        var known = activities
        known[id] = known["profile"]
        let text = pipeline.changing(#""id": "people", "setup""#, to: #""id": "\#(id)", "setup""#)
            .changing(#"["profile", "people"]"#, to: #"["profile"]"#)
        let error = #expect(throws: WorkflowError.self) {
            try WorkflowGraph(reading: try JSONValue(parsing: text), activities: known)
        }
        let violation = try #require(error?.violations.first)
        #expect(error?.violations.count == 1 && violation.rule == .activityStandsOnce && violation.step == "staffing")
        #expect(violation.what == "the activity profile is already that of step enrich")
    }

    @Test func aFieldThatTwoStepsTakeIsOfOneType() throws {
        let text = pipeline.changing(#""id": "list""#, to: #""id": "listing""#)
            .changing(#""id": "people", "setup""#, to: #""id": "history", "setup""#)
            .changing(#"["profile", "people"]"#, to: #"["profile", "history"]"#)
        let found = try violations(in: text)
        #expect(found.map(\.rule) == [.inputsAgree] && found.first?.path == ["staffing", "id"], "\(found)")
        #expect(found.first?.what == "history takes the input year as text, and step find as number")
    }

    @Test func aCircleOfManyStepsIsToldOnceByItsShortestWay() throws {
        let text = pipeline.changing(
            #""max_objects": 50}}}"#,
            to: #""max_objects": 50}}, "destination": {"activity": {"id": ["profile", "people"]}}}"#)
        let found = try violations(in: text)
        #expect(found.map(\.rule) == [.noCycle], "\(found)")
        #expect(found.first?.what == "the steps lead in a circle: decide → enrich → decide")
    }

    @Test func twoCirclesAreToldOneByOne() throws {
        let text = """
            {
              "a": {"id": "profile", "setup": {"config": {"phase": 1}}, "destination": {"activity": {"id": ["people"]}}},
              "b": {"id": "people", "setup": {"config": {"phase": 2}}, "destination": {"activity": {"id": ["profile"]}}},
              "c": {"id": "qualify", "setup": {"config": {"phase": 1}}, "destination": {"activity": {"id": ["broken"]}}},
              "d": {"id": "broken", "setup": {"config": {"phase": 2}}, "destination": {"activity": {"id": ["qualify"]}}}
            }
            """
        #expect(
            try violations(in: text).map(\.what) == [
                "the steps lead in a circle: a → b → a", "the steps lead in a circle: c → d → c",
            ])
    }

    @Test func aStepThatLeadsToItselfIsNoCircle() throws {
        let text = pipeline.changing(#"["profile", "people"]"#, to: #"["profile", "people", "list"]"#)
        #expect(try violations(in: text).map(\.rule) == [.destinationIsAnother])
    }

    @Test func anExtractOfALaterPhaseIsToldOnlyThat() throws {
        let text = pipeline.changing(
            #""id": "list", "type": "activity", "setup": {"config": {"phase": 1"#,
            to: #""id": "list", "type": "activity", "setup": {"config": {"phase": 2"#
        )
        .changing(#""phase": 2, "on_failure": "stop""#, to: #""phase": 1"#)
        let found = try violations(in: text)
        #expect(found.contains { $0.rule == .extractBegins && $0.step == "find" })
        #expect(!found.contains { $0.rule == .stepIsReached && $0.step == "find" })
    }

    @Test func whatIsNotKnownOfAnActivityBreaksNoRule() throws {
        let text = pipeline.changing(#""id": "people", "setup""#, to: #""id": "broken", "setup""#)
            .changing(#"["profile", "people"]"#, to: #"["profile", "broken"]"#)
        #expect(try violations(in: text) == [])
    }

    @Test func aPhaseThatCannotBeReadIsNotMissedByOthers() throws {
        let text = pipeline.changing(#""phase": 1"#, to: #""phase": "one""#)
        #expect(try violations(in: text).map(\.rule) == [.phaseIsInBounds])
    }

    @Test func aMessageNamesStepAndRule() throws {
        let text = pipeline.changing(#""phase": 3"#, to: #""phase": 5"#)
        let error = #expect(throws: WorkflowError.self) { try graph(text) }
        #expect(
            error?.description
                == "step decide: phase 5 has nothing in phase 4 before it (phases_are_consecutive); move it to phase 3")
    }

    @Test func everythingThatIsWrongIsToldAtOnce() throws {
        let text = pipeline.changing(#""phase": 3"#, to: #""phase": 9"#).changing(
            #""id": "list""#, to: #""id": "lsit""#
        )
        .changing(#""on_failure": "skip""#, to: #""on_failure": 1"#)
        #expect(try Set(violations(in: text).map(\.rule)) == [.phaseIsInBounds, .activityIsKnown, .onFailureIsKnown])
    }
}
