import JSON
import Mapping
import Sources
import Testing

@Suite("Reading a job's answers")
struct JobReadingTests {
    private let kind = AsynchronousJob(
        externalID: ["data", "id"], status: ["status"], done: ["completed", 200], failed: ["error", true],
        progress: ["percent"], lookupExternalID: ["jobs", 0, "id"], pollBaseMilliseconds: 1_000,
        pollMaxMilliseconds: 5_000, deadlineMilliseconds: 60_000)

    @Test(arguments: [
        (#"{"data":{"id":"a-1"}}"#, "a-1"), (#"{"data":{"id":12345678901234567890}}"#, "12345678901234567890"),
        (#"{"data":{"id":""}}"#, nil), (#"{"data":{"id":null}}"#, nil), (#"{"data":{"id":{}}}"#, nil),
        (#"{"id":"elsewhere"}"#, nil), ("no JSON", nil),
    ])
    func theIDIsTextOrANumber(answer: String, id: String?) {
        #expect(kind.externalID(in: Array(answer.utf8)) == id)
    }

    @Test func anIDThatIsTooLongIsNone() {
        let long = String(repeating: "x", count: AsynchronousJob.textBytesMax + 1)
        #expect(kind.externalID(in: Array(#"{"data":{"id":"\#(long)"}}"#.utf8)) == nil)
    }

    @Test func theLookUpHasAPathOfItsOwn() {
        #expect(kind.externalID(inLookup: Array(#"{"jobs":[{"id":"a"},{"id":"b"}]}"#.utf8)) == "a")
        #expect(kind.externalID(inLookup: Array(#"{"jobs":[]}"#.utf8)) == nil)
    }

    @Test(arguments: [
        (#"{"status":"completed"}"#, AsynchronousJob.Standing.done), (#"{"status":200.0}"#, .done),
        (#"{"status":"error"}"#, .failed("error")), (#"{"status":true}"#, .failed("true")),
        (#"{"status":"queued"}"#, .running("queued")), (#"{"status":"busy","percent":7}"#, .running("busy 7")),
        (#"{"state":"completed"}"#, .unreadable("the answer has nothing where the job's status is expected")),
    ])
    func theStandingIsWhatTheStatusSays(answer: String, standing: AsynchronousJob.Standing) {
        #expect(kind.standing(in: Array(answer.utf8)) == standing)
    }

    /// What is kept of it has to fit into the database, or nothing of any job could be recorded any more.
    @Test func whatIsKeptOfTheStandingFitsIntoTheDatabase() {
        let odd = Array("{\"status\":\"run\\u0000ning\"}".utf8)
        #expect(kind.standing(in: odd) == .running("running"))
        let start = String(repeating: "a", count: AsynchronousJob.textBytesMax - 1)
        #expect(kind.standing(in: Array(#"{"status":"\#(start)😀"}"#.utf8)) == .running(start))
        #expect(kind.standing(in: Array(#"{"status":"\#(start)ab"}"#.utf8)) == .running(start + "a"))
    }

    @Test func anAnswerThatIsNoJSONDoesNotSay() {
        guard case .unreadable(let reason) = kind.standing(in: Array("<html>".utf8)) else {
            Issue.record("it says something")
            return
        }
        #expect(reason.hasPrefix("the answer is not JSON"))
    }

    @Test func pollsBecomeRarerAndNeverMissTheDeadline() {
        let delays = (0..<6).map { kind.pollDelay(afterPolls: $0, age: .zero) }
        #expect(delays == [1_000, 1_500, 2_250, 3_375, 5_000, 5_000].map { .milliseconds($0) })
        #expect(kind.pollDelay(afterPolls: 9, age: .seconds(58)) == .seconds(2))
        #expect(kind.pollDelay(afterPolls: 9, age: .seconds(70)) == .zero)
    }
}
