import Messaging
import Testing

@Suite("Merging queue")
struct MergingQueueTests {
    @Test func aNewerElementTakesThePlaceOfAWaitingOneWithItsKey() {
        var queue = MergingQueue<String, Int>(countMax: 10, sizeMax: 100)
        _ = queue.append(1, key: "a", size: 1)
        _ = queue.append(2, key: "b", size: 1)
        let outcome = queue.append(3, key: "a", size: 5)
        #expect(outcome.merged && outcome.dropped == 0)
        #expect(queue.count == 2 && queue.size == 6)
        #expect([queue.popFirst()?.element, queue.popFirst()?.element, queue.popFirst()?.element] == [3, 2, nil])
        #expect(queue.size == 0)
    }

    @Test func aFullQueueDropsItsOldest() {
        var queue = MergingQueue<Int, Int>(countMax: 3, sizeMax: 100)
        for number in 1...3 { #expect(queue.append(number, key: number, size: 1).dropped == 0) }
        #expect(queue.append(4, key: 4, size: 1).dropped == 1)
        #expect(queue.popFirst()?.element == 2)
    }

    @Test func aLargeElementDropsAsManyAsItNeedsRoomFor() {
        var queue = MergingQueue<Int, Int>(countMax: 10, sizeMax: 10)
        for number in 1...5 { _ = queue.append(number, key: number, size: 2) }
        #expect(queue.append(6, key: 6, size: 5).dropped == 3)
        #expect(queue.count == 3 && queue.size == 9)
    }

    @Test func anElementBeyondTheBoundOfSizesIsDroppedItself() {
        var queue = MergingQueue<Int, Int>(countMax: 10, sizeMax: 10)
        _ = queue.append(1, key: 1, size: 1)
        #expect(queue.append(2, key: 2, size: 11).dropped == 1)
        #expect(queue.count == 1 && queue.popFirst()?.element == 1)
    }

    @Test func mergingALargerElementKeepsTheBoundOfSizes() {
        var queue = MergingQueue<Int, Int>(countMax: 10, sizeMax: 10)
        for number in 1...5 { _ = queue.append(number, key: number, size: 2) }
        let outcome = queue.append(50, key: 5, size: 6)
        #expect(outcome.merged && outcome.dropped == 2)
        #expect(queue.size == 10)
    }

    @Test func itBehavesLikeAPlainModelOverThousandsOfSteps() {
        var queue = MergingQueue<Int, Int>(countMax: 2_000, sizeMax: .max)
        var model: [(key: Int, element: Int)] = []
        var generator = SplitMix64(state: 7)
        for step in 0..<20_000 {
            if generator.next() % 3 == 0 {
                let expected = model.isEmpty ? nil : model.removeFirst().element
                #expect(queue.popFirst()?.element == expected)
            } else {
                let key = Int(generator.next() % 5_000)
                if let place = model.firstIndex(where: { $0.key == key }) {
                    model[place].element = step
                } else {
                    if model.count == 2_000 { model.removeFirst() }
                    model.append((key, step))
                }
                _ = queue.append(step, key: key, size: 1)
            }
        }
        #expect(queue.count == model.count && queue.size == model.count)
        while !model.isEmpty { #expect(queue.popFirst()?.element == model.removeFirst().element) }
    }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
