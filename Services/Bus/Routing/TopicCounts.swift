/// What has become of a topic's messages since the broker's start. Outlives the topic, which is forgotten when it is idle.
final class TopicCounts {
    var statistics = BusTopicStatistics()
}

/// Counts for the topics that are counted by name, and one for all others.
struct TopicLedger {
    /// Under which the topics stand that are not counted by name.
    static let other = "other"

    private let counts: [[UInt8]: TopicCounts]
    private let others = TopicCounts()

    init(_ names: [String]) {
        counts = Dictionary(names.map { (Array($0.utf8), TopicCounts()) }) { first, _ in first }
    }

    /// The counts of a topic.
    subscript(_ name: [UInt8]) -> TopicCounts { counts[name] ?? others }

    /// All counts, by name.
    var statistics: [String: BusTopicStatistics] {
        var statistics = [Self.other: others.statistics]
        for (name, counts) in counts { statistics[String(decoding: name, as: UTF8.self)] = counts.statistics }
        return statistics
    }
}
