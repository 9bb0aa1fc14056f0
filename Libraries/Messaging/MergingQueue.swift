/// A bounded first-in, first-out queue in which an element takes the place of a waiting one with the same key.
///
/// Two bounds hold at all times: a number of elements and a sum of sizes. What does not fit pushes the oldest out.
package struct MergingQueue<Key: Hashable, Element> {
    package struct Entry {
        package let key: Key
        package var element: Element
        package var size: Int
    }

    /// What an append did besides taking the element in.
    package struct AppendOutcome: Equatable {
        /// The element took the place of one that waited.
        package var merged = false
        /// How many of the oldest were pushed out; the element itself if it exceeds the bound of sizes alone.
        package var dropped = 0
    }

    /// Entries from `head` on wait; those before it are gone and their places are reclaimed from time to time.
    private var entries: [Entry?] = []
    private var head = 0
    /// Entries that have been reclaimed: `positions` holds `reclaimed + index`, which never changes for an entry.
    private var reclaimed = 0
    private var positions: [Key: Int] = [:]
    /// The sum of the sizes of what waits.
    package private(set) var size = 0
    private let countMax: Int
    private let sizeMax: Int

    package init(countMax: Int, sizeMax: Int) {
        self.countMax = countMax
        self.sizeMax = sizeMax
    }

    package var count: Int { entries.count - head }
    package var isEmpty: Bool { entries.count == head }

    /// Takes an element in: in the place of a waiting one with the same key, which keeps its turn, else at the end.
    package mutating func append(_ element: Element, key: Key, size elementSize: Int) -> AppendOutcome {
        var outcome = AppendOutcome()
        guard elementSize <= sizeMax, countMax > 0 else {
            outcome.dropped = 1
            return outcome
        }
        if let position = positions[key], let waiting = entries[position - reclaimed] {
            size += elementSize - waiting.size
            entries[position - reclaimed] = Entry(key: key, element: element, size: elementSize)
            outcome.merged = true
            // A larger body may exceed the bound. The element just merged is newer than its place in the line says,
            // but dropping it would still be a counted drop of a hint, so the order of the line decides.
            while size > sizeMax, popFirst() != nil { outcome.dropped += 1 }
            return outcome
        }
        while count >= countMax || size + elementSize > sizeMax, popFirst() != nil { outcome.dropped += 1 }
        positions[key] = reclaimed + entries.count
        entries.append(Entry(key: key, element: element, size: elementSize))
        size += elementSize
        return outcome
    }

    /// Takes the longest-waiting element out.
    package mutating func popFirst() -> Entry? {
        guard head < entries.count, let entry = entries[head] else { return nil }
        entries[head] = nil
        head += 1
        positions[entry.key] = nil
        size -= entry.size
        reclaimPlaces()
        return entry
    }

    private mutating func reclaimPlaces() {
        if head == entries.count {
            reclaimed += head
            head = 0
            entries.removeAll(keepingCapacity: entries.capacity <= 4_096)
        } else if head >= 1_024, head * 2 >= entries.count {
            // Moving at most as many entries as have left keeps the cost per element constant.
            entries.removeFirst(head)
            reclaimed += head
            head = 0
        }
    }
}

extension MergingQueue: Sendable where Key: Sendable, Element: Sendable {}
extension MergingQueue.Entry: Sendable where Key: Sendable, Element: Sendable {}
