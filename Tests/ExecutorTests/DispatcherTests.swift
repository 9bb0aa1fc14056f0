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
        limits: .init(
            callsMax: 1, claimMax: 1, unrecordedMax: 1, unrecordedBytesMax: 1, permitValid: .seconds(600)))

    @Test func whoeverWaitsHearsOfASourceWithWork() async {
        async let asking = dispatcher.next()
        dispatcher.offer([source])
        guard case .ask(let askings, _) = await asking else {
            Issue.record("a permit is needed first")
            return
        }
        #expect(askings.map(\.source) == [source])
        async let turn = firstTurn()
        let permit = CallPermit(source: source, slots: 1, target: 1, startsWithin: .zero)
        #expect(dispatcher.permit([permit], of: askings, asked: .now).isEmpty)
        #expect(await turn?.source == source)
    }

    /// The next claim. A permit may be due for renewal before it is taken, on a machine that is slow.
    private func firstTurn(starts: Int? = nil) async -> CallSchedule.Turn? {
        while let step = await dispatcher.next() {
            switch step {
            case .claim(let turn): return turn
            case .call: return nil
            case .ask(let askings, _):
                guard askings.allSatisfy({ $0.starts == 0 }) else {
                    Issue.record("a start is asked for that nobody uses")
                    return nil
                }
                let permit = CallPermit(source: source, slots: 1, target: 1, starts: starts, startsWithin: .zero)
                _ = dispatcher.permit([permit], of: askings, asked: .now)
            }
        }
        return nil
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
        // The source has work, so that the permit is kept until that one waits.
        dispatcher.offer([source])
        _ = dispatcher.permit(
            [CallPermit(source: source, slots: 1, target: 1, starts: 1, startsWithin: .seconds(600))], of: [],
            asked: .now)
        async let steps: Void = grantingNoMoreStarts()
        #expect(await next == true)
        dispatcher.stop()
        await steps
    }

    /// Takes the steps of the dispatcher until it stops. A permit may be renewed meanwhile, which brings no start, and says that it is
    /// of no use to ask for one soon: this loop would keep a thread busy otherwise.
    private func grantingNoMoreStarts() async {
        while let step = await dispatcher.next() {
            guard case .ask(let askings, _) = step else { continue }
            let permit = CallPermit(
                source: source, slots: 1, target: 1, starts: 0, startsWithin: .seconds(600), wait: .seconds(600))
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
        #expect(await firstTurn(starts: 0) != nil)
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
