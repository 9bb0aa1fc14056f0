import JSON
import Testing

@testable import CLI

@Suite("Workflows in words")
struct WorkflowTextTests {
    private static let answer = """
        {"id":"w1","workflow":"find_prospects","state":"in_progress","substate":null,"reason":null,
         "created_at":"2026-11-26T08:00:00.000Z","phases":[
          {"phase":1,"steps":[
           {"step":"search","activity":"search_companies","request":"r1","state":"done","substate":"partial",
            "reason":"20 objects more were found than the step takes","objects":100,
            "runs":{"planned":2,"total":2,"done":1,"failed":1,"invalid":0,"timedout":0},"links":{}}]},
          {"phase":2,"steps":[
           {"step":"people","activity":"find_people","request":"r2","state":"in_progress","substate":null,"reason":null,
            "objects":100,"runs":{"planned":100,"total":60,"done":40,"failed":0,"invalid":3,"timedout":7},"links":{}},
           {"step":"profile","activity":"profile_companies","request":"r3","state":"failed","substate":"cancelled",
            "reason":null,"objects":1,"runs":{"planned":1,"total":1,"done":0,"failed":1,"invalid":0,"timedout":0},"links":{}}]},
          {"phase":3,"steps":[
           {"step":"check","activity":"check_companies","request":"r4","state":"done","substate":null,"reason":null,
            "objects":3,"runs":{"planned":0,"total":0,"done":0,"failed":0,"invalid":0,"timedout":0},
            "qualification":{"qualified":2,"unqualified":1},"links":{}},
           {"step":"qualify","activity":"qualify_companies","request":"r5","state":"waiting","substate":"phase","reason":null,
            "objects":0,"runs":{"planned":0,"total":0,"done":0,"failed":0,"invalid":0,"timedout":0},
            "qualification":null,"links":{}}]}],
         "deliveries":[{"id":"d-crm","endpoint":"crm","state":"ready","attempts":0}]}
        """

    private func overview(_ text: String = answer) throws -> WorkflowOverview {
        try WorkflowOverview(AnswerReader(parsing: Array(text.utf8)))
    }

    @Test func theTreeHasPhasesAndTheirStepsEachWithProgress() throws {
        #expect(
            WorkflowText.lines(try overview(), style: .plain) == [
                "workflow request w1 (find_prospects): in_progress",
                "accepted 2026-11-26 08:00:00Z",
                "",
                "phase 1  ██████████ 2 of 2 runs",
                "└─ search   search_companies   done, partial      100 objects             ██████████ 2 of 2 runs     r1",
                "     20 objects more were found than the step takes",
                "     runs without success: 1 failed",
                "",
                "phase 2  █████░░░░░ 51 of 101 runs",
                "├─ people   find_people        in_progress        100 objects             █████░░░░░ 50 of 100 runs  r2",
                "│    runs without success: 3 invalid, 7 timed out",
                "└─ profile  profile_companies  failed, cancelled  1 object                ██████████ 1 of 1 run      r3",
                "     runs without success: 1 failed",
                "",
                "phase 3",
                "├─ check    check_companies    done               3 objects, 2 qualified                             r4",
                "└─ qualify  qualify_companies  waiting, phase                                                        r5",
            ])
    }

    @Test func whatHasEndedIsToldFromWhatIsOpenByItsColour() throws {
        let lines = WorkflowText.lines(try overview(), style: TextStyle(isEnabled: true))
        #expect(lines[0].hasSuffix("\u{1B}[33min_progress\u{1B}[0m"))
        #expect(lines.contains { $0.contains("\u{1B}[32mdone, partial") })
        #expect(lines.contains { $0.contains("\u{1B}[31mfailed, cancelled") })
    }

    @Test func progressIsThatOfAllStepsThatHaveBegun() throws {
        let open = try overview()
        #expect(!open.isFinished && open.runsEnded == 53 && open.runsExpected == 103)
        let over = try overview(
            Self.answer.replacing(#""find_prospects","state":"in_progress""#, with: #""find_prospects","state":"done""#)
        )
        #expect(over.isFinished && over.isSuccessful)
        let failed = try overview(
            Self.answer.replacing(
                #""find_prospects","state":"in_progress""#, with: #""find_prospects","state":"failed""#))
        #expect(failed.isFinished && !failed.isSuccessful)
    }

    @Test func aRequestWithoutStepsYetIsAHeading() throws {
        let text =
            #"{"id":"w1","workflow":null,"state":"invalid","reason":"no such step","created_at":"now","phases":[]}"#
        #expect(
            WorkflowText.lines(try overview(text), style: .plain) == [
                "workflow request w1 (no workflow): invalid", "reason: no such step", "accepted now",
            ])
    }

    @Test func whatATerminalWouldObeyIsTakenOut() throws {
        let text = Self.answer.replacing("profile_companies", with: "profile\\u001b[2J")
        #expect(!WorkflowText.lines(try overview(text), style: .plain).joined().contains("\u{1B}"))
    }

    @Test func anAnswerThatLacksAMemberIsRefusedByItsPath() {
        let error = #expect(throws: CommandError.self) {
            try overview(Self.answer.replacing(#""request":"r3","#, with: ""))
        }
        #expect(error?.problem.contains("$.phases[1].steps[1].request") == true, "\(String(describing: error))")
    }
}
