import Contracts
import Testing

@testable import Executor
@testable import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Dispatcher")
struct DispatcherTests {
    private let source = ReadySource(org: OrgID(UUID()), source: SourceID(UUID()))
    private let dispatcher = Dispatcher(
        limits: .init(callsMax: 1, claimMax: 1, unrecordedMax: 1, unrecordedBytesMax: 1))

    @Test func whoeverWaitsHearsOfASourceWithWork() async {
        async let asking = dispatcher.next()
        dispatcher.offer([source])
        guard case .ask(let askings, _) = await asking else {
            Issue.record("a permit is needed first")
            return
        }
        #expect(askings.map(\.source) == [source])
        async let step = dispatcher.next()
        let permit = CallPermit(source: source, slots: 1, target: 1, startsWithin: .zero)
        #expect(dispatcher.permit([permit], of: askings, asked: .now).isEmpty)
        guard case .claim(let turn) = await step else {
            Issue.record("there is a source to claim from")
            return
        }
        #expect(turn.source == source)
    }

    @Test func aPermitThatWasRefusedIsAskedForAgain() async {
        dispatcher.offer([source])
        for _ in 0..<2 {
            guard case .ask(let askings, _) = await dispatcher.next() else {
                Issue.record("a permit is needed")
                return
            }
            dispatcher.refuse(askings, retryAfter: .milliseconds(1))
        }
    }

    @Test func stoppingEndsWhatWaitsForAFurtherPage() async {
        async let turn = dispatcher.turn(of: source)
        dispatcher.stop()
        #expect(await !turn)
        #expect(await !dispatcher.turn(of: source))
    }

    @Test func stoppingEndsTheSteps() async {
        async let step = dispatcher.next()
        dispatcher.stop()
        #expect(await step == nil)
        dispatcher.offer([source])
        #expect(await dispatcher.next() == nil)
    }
}
