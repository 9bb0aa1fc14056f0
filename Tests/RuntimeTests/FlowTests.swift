import Runtime
import Synchronization
import Testing

@Suite("Flow", .timeLimit(.minutes(10)))
struct FlowTests {
    @Test func aBellThatWasRungBeforeIsHeardOnce() async {
        let bell = Bell()
        bell.ring()
        bell.ring()
        #expect(await bell.wait())
        let second = Task { await bell.wait() }
        second.cancel()
        #expect(await second.value == false)
    }

    @Test func everyWaiterIsWokenByARingOfItsOwn() async {
        let bell = Bell()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 { group.addTask { await bell.wait() } }
            // Rings that come before their waiter coalesce, so that one ring for each would not do.
            var heard = 0
            while heard < 20 {
                bell.ring()
                if await group.next() == true { heard += 1 }
            }
            #expect(heard == 20)
        }
    }

    @Test func aUniqueQueueHoldsEachElementOnce() async {
        let queue = UniqueQueue<Int>()
        queue.add([1, 2, 1])
        queue.add([2, 3])
        #expect(await queue.next() == 1)
        queue.add([1])
        #expect([await queue.next(), await queue.next(), await queue.next()] == [2, 3, 1])
    }

    @Test func takersShareAUniqueQueue() async {
        let queue = UniqueQueue<Int>()
        let taken = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<10 { group.addTask { await queue.next() } }
            queue.add(0..<10)
            return await group.reduce(into: Set<Int>()) { if let element = $1 { $0.insert(element) } }
        }
        #expect(taken == Set(0..<10))
    }

    @Test(arguments: [1, 2, 4])
    func everyItemOfABatcherIsHandledOnceAndFinishEndsIt(flights: Int) async {
        let batcher = Batcher<Int>(itemsMax: 7, flights: flights, gathering: .milliseconds(1))
        let handled = Mutex<[Int]>([])
        async let running: Void = batcher.run { batch in
            #expect(batch.count <= 7)
            handled.withLock { $0 += batch }
        }
        for item in 0..<1000 {
            batcher.submit(item)
            if item.isMultiple(of: 100) { await Task.yield() }
        }
        batcher.finish()
        await running
        #expect(handled.withLock { $0.sorted() } == Array(0..<1000))
    }

    @Test func aBatchEndsWithTheItemThatReachesTheWeight() async {
        let batcher = Batcher<Int>(itemsMax: 100, weightMax: 10, weight: { $0 })
        let batches = Mutex<[[Int]]>([])
        for item in [4, 5, 6, 20, 1] { batcher.submit(item) }
        batcher.finish()
        await batcher.run { batch in batches.withLock { $0.append(batch) } }
        #expect(batches.withLock { $0 } == [[4, 5, 6], [20], [1]])
    }

    @Test func aBatcherWithoutItemsEnds() async {
        let batcher = Batcher<Int>(itemsMax: 10, flights: 3)
        batcher.finish()
        await batcher.run { _ in Issue.record("there was nothing to handle") }
    }
}
