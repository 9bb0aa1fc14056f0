import Contracts
import Exchanges
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
        async let turn = dispatcher.turn(of: source, until: nil, cancellation: ExchangeCancellation())
        dispatcher.stop()
        #expect(await !turn)
        #expect(await !dispatcher.turn(of: source, until: nil, cancellation: ExchangeCancellation()))
    }

    @Test func aFurtherPageWaitsNoLongerThanItMay() async {
        async let step = dispatcher.next()
        let isGranted = await ending {
            await dispatcher.turn(of: source, until: .now + .milliseconds(1), cancellation: ExchangeCancellation())
        }
        #expect(isGranted == false)
        dispatcher.stop()
        #expect(await step == nil)
    }

    @Test(arguments: [true, false])
    func whoeverCancelsAnExchangeEndsItsWaitForAFurtherPage(isEarly: Bool) async throws {
        let cancellation = ExchangeCancellation()
        if isEarly { cancellation.cancel() }
        async let turn = ending { await dispatcher.turn(of: source, until: nil, cancellation: cancellation) }
        cancellation.cancel()
        #expect(await turn == false)
        // The next one gets the start, whoever waited before.
        async let next = ending {
            await dispatcher.turn(of: source, until: nil, cancellation: ExchangeCancellation())
        }
        _ = dispatcher.permit(
            [CallPermit(source: source, slots: 1, target: 1, starts: 1, startsWithin: .seconds(60))], of: [],
            asked: .now)
        async let steps: Void = grantingNoMoreStarts()
        #expect(await next == true)
        dispatcher.stop()
        await steps
    }

    /// Takes the steps of the dispatcher until it stops. A permit may be renewed or given back meanwhile, which brings no start.
    private func grantingNoMoreStarts() async {
        while let step = await dispatcher.next() {
            guard case .ask(let askings, _) = step else { continue }
            let permit = CallPermit(source: source, slots: 1, target: 1, starts: 0, startsWithin: .seconds(60))
            _ = dispatcher.permit([permit], of: askings, asked: .now)
        }
    }

    @Test func aPageThatNobodyWantsAnyMoreNeedsNoStart() async {
        let cancellation = ExchangeCancellation()
        cancellation.cancel()
        #expect(await !dispatcher.turn(of: source, until: nil, cancellation: cancellation))
        dispatcher.offer([source])
        guard case .ask(let askings, _) = await dispatcher.next() else {
            Issue.record("a permit is needed first")
            return
        }
        let permit = CallPermit(source: source, slots: 1, target: 1, starts: 0, startsWithin: .zero)
        _ = dispatcher.permit([permit], of: askings, asked: .now)
        guard case .claim = await dispatcher.next() else {
            Issue.record("a start is asked for that nobody uses")
            return
        }
    }

    /// What a wait comes to; nil when it does not end by itself, and is ended so that the test can fail.
    private func ending(_ wait: @escaping @Sendable () async -> Bool) async -> Bool? {
        await withTaskGroup(of: Bool?.self) { group in
            group.addTask { await wait() }
            // Only a fault waits that long: the other task's end cancels this one.
            group.addTask { (try? await Task.sleep(for: .seconds(30))).flatMap { nil } }
            let first = await group.next() ?? nil
            group.cancelAll()
            if first == nil { dispatcher.stop() }
            return first
        }
    }

    @Test func aSourceThatIsHeldBackIsNotOffered() async {
        dispatcher.holdBack(source, for: .seconds(60))
        dispatcher.offer([source])
        async let step = dispatcher.next()
        dispatcher.stop()
        #expect(await step == nil)
    }

    @Test func stoppingEndsTheSteps() async {
        async let step = dispatcher.next()
        dispatcher.stop()
        #expect(await step == nil)
        dispatcher.offer([source])
        #expect(await dispatcher.next() == nil)
    }
}
