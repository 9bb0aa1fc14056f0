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
    private func makeSource() -> ReadySource {
        ReadySource(org: OrgID(UUID()), source: SourceID(UUID()))
    }

    @Test func sourcesTakeTurns() async {
        let dispatcher = Dispatcher(exchangesMax: 10, claimMax: 5)
        let (first, second) = (makeSource(), makeSource())
        dispatcher.offer([first, second])
        #expect(await dispatcher.next()?.source == first)
        dispatcher.offer([first])
        #expect(await dispatcher.next()?.source == second)
        #expect(await dispatcher.next()?.source == first)
    }

    @Test func aTurnIsBoundedByTheExecutorTheSourceAndTheClaim() async {
        let dispatcher = Dispatcher(exchangesMax: 10, claimMax: 5)
        let source = makeSource()
        dispatcher.offer([source])
        #expect(await dispatcher.next()?.exchanges == 5)
        dispatcher.limit(source, to: 3)
        dispatcher.begin(1, of: source)
        dispatcher.offer([source])
        #expect(await dispatcher.next()?.exchanges == 2)
        let other = makeSource()
        dispatcher.begin(8, of: makeSource())
        dispatcher.offer([other])
        #expect(await dispatcher.next()?.exchanges == 1)
    }

    @Test func aSaturatedSourceDoesNotHoldUpAnother() async {
        let dispatcher = Dispatcher(exchangesMax: 10, claimMax: 5)
        let (saturated, free) = (makeSource(), makeSource())
        dispatcher.limit(saturated, to: 1)
        dispatcher.begin(1, of: saturated)
        dispatcher.offer([saturated, free])
        #expect(await dispatcher.next()?.source == free)
    }

    @Test func anExchangeThatEndsMakesRoom() async {
        let dispatcher = Dispatcher(exchangesMax: 1, claimMax: 5)
        let source = makeSource()
        dispatcher.begin(1, of: source)
        dispatcher.offer([source])
        async let turn = dispatcher.next()
        dispatcher.end(1, of: source)
        #expect(await turn?.source == source)
        #expect(dispatcher.exchangesInFlight == 0)
    }

    @Test func stoppingEndsTheTurns() async {
        let dispatcher = Dispatcher(exchangesMax: 1, claimMax: 1)
        async let turn = dispatcher.next()
        dispatcher.stop()
        #expect(await turn == nil)
    }
}
