import Messaging
import Synchronization
import Testing

@Suite("Wake-up", .timeLimit(.minutes(10)))
struct WakeUpTests {
    @Test func aThousandSignalsCostOneWrite() throws {
        let wakeUp = try WakeUp()
        for _ in 0..<1_000 { wakeUp.signal() }
        #expect(wakeUp.writeCount == 1)
        wakeUp.prepareToSleep()
        for _ in 0..<1_000 { wakeUp.signal() }
        #expect(wakeUp.writeCount == 2)
    }

    @Test func noWorkIsSleptOverWhileManyThreadsSignal() async throws {
        // The loop sleeps without a time-out: a lost wake-up would hang the test.
        let wakeUp = try WakeUp()
        let work = Work()
        let total = 40_000
        let taken = AsyncStream.makeStream(of: Int.self)
        try LoopThread.start(name: "wake-up-test") { [wakeUp] in
            var poll = PollSet()
            poll.add(wakeUp)
            var sum = 0
            while sum < total {
                wakeUp.prepareToSleep()
                let found = work.count.withLock { count in
                    defer { count = 0 }
                    return count
                }
                sum += found
                if found == 0, (try? poll.wait(for: .seconds(3_600))) == nil { break }
            }
            taken.continuation.yield(sum)
            taken.continuation.finish()
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<total / 4 {
                        work.count.withLock { $0 += 1 }
                        wakeUp.signal()
                    }
                }
            }
        }
        for await sum in taken.stream { #expect(sum == total) }
    }
}

private final class Work: Sendable {
    let count = Mutex(0)
}
