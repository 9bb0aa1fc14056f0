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
        async let step = dispatcher.next()
        dispatcher.offer([source])
        guard case .claim(let turn) = await step else {
            Issue.record("there is a source to claim from")
            return
        }
        #expect(turn.source == source)
    }

    @Test func stoppingEndsTheSteps() async {
        async let step = dispatcher.next()
        dispatcher.stop()
        #expect(await step == nil)
        dispatcher.offer([source])
        #expect(await dispatcher.next() == nil)
    }
}
