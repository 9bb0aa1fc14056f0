import Testing

@testable import Delivery

@Suite("Survey pace")
struct SurveyPaceTests {
    private let start = ContinuousClock.now

    private func looks(_ pace: inout SurveyPace, after wait: Duration = .zero) -> Bool {
        pace.takeTurn(start + wait)
    }

    @Test func itLooksAtOnceAndThenOnlyForNews() {
        var pace = SurveyPace()
        let look1 = looks(&pace)
        #expect(look1)
        pace.looked(from: start, to: start + .milliseconds(10), wait: nil)
        let look2 = looks(&pace, after: .seconds(60))
        #expect(!look2)
        #expect(pace.wake == nil)
        pace.note()
        let look3 = looks(&pace, after: .seconds(60))
        #expect(look3)
    }

    @Test func lookingTakesAFifthOfTheTimeAtTheMost() {
        var pace = SurveyPace()
        _ = pace.takeTurn(start)
        pace.looked(from: start, to: start + .milliseconds(10), wait: nil)
        pace.note()
        let look4 = looks(&pace, after: .milliseconds(49))
        #expect(!look4)
        #expect(pace.wake == start + .milliseconds(50))
        let look5 = looks(&pace, after: .milliseconds(50))
        #expect(look5)
    }

    @Test func itLooksWhenWhatIsHeldCanBePosted() {
        var pace = SurveyPace()
        _ = pace.takeTurn(start)
        pace.looked(from: start, to: start, wait: .seconds(5))
        #expect(pace.wake == start + .seconds(5))
        let look6 = looks(&pace, after: .seconds(4))
        #expect(!look6)
        let look7 = looks(&pace, after: .seconds(5))
        #expect(look7)
    }
}
