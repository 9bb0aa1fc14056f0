import Messaging

/// A topic: who wants its messages, and what waits for them.
final class Topic {
    let name: [UInt8]
    /// Shared with other topics when nobody asked for its own.
    let counts: TopicCounts
    var consumers: [Consumer] = []
    /// Hints by key, with their bodies.
    var hints: MergingQueue<[UInt8], [UInt8]>
    /// Numbers of the commands that wait; those that were answered meanwhile are skipped.
    private var commands: [UInt64] = []
    private var nextCommand = 0
    /// Numbers the copies on the observers' feed, so that gaps show.
    var feedSequence: UInt64 = 0

    init(name: [UInt8], counts: TopicCounts, hintsMax: Int, bytesMax: Int) {
        self.name = name
        self.counts = counts
        hints = MergingQueue(countMax: hintsMax, sizeMax: bytesMax)
    }

    var commandsWaiting: Int { commands.count - nextCommand }
    var waiting: Int { commandsWaiting + hints.count }
    var hasWaiting: Bool { nextCommand < commands.count || !hints.isEmpty }
    /// Whether nothing would be lost if the topic were forgotten.
    var isIdle: Bool { consumers.isEmpty && !hasWaiting }

    /// The consumer with credit that has waited longest.
    var longestWaitingConsumer: Consumer? {
        var found: Consumer?
        for consumer in consumers where consumer.isReady {
            if let earlier = found, earlier.waitingSince <= consumer.waitingSince { continue }
            found = consumer
        }
        return found
    }

    func appendCommand(_ id: UInt64) {
        commands.append(id)
    }

    func popCommand() -> UInt64? {
        guard nextCommand < commands.count else { return nil }
        defer {
            nextCommand += 1
            if nextCommand == commands.count {
                commands.removeAll(keepingCapacity: commands.capacity <= 1_024)
                nextCommand = 0
            } else if nextCommand >= 1_024, nextCommand * 2 >= commands.count {
                commands.removeFirst(nextCommand)
                nextCommand = 0
            }
        }
        return commands[nextCommand]
    }

    func removeCommand(_ id: UInt64) {
        guard let index = commands[nextCommand...].firstIndex(of: id) else { return }
        commands.remove(at: index)
    }
}
