import Synchronization

/// A number that only goes up. Adding is one relaxed atomic addition.
public final class PrometheusCounter: Sendable {
    private let count = Atomic<Int64>(0)

    init() {}

    /// Adds `amount`; a negative one is ignored, since a counter never goes down.
    public func increment(by amount: Int64 = 1) {
        guard amount > 0 else { return }
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    /// What has been added so far.
    public var value: Int64 { count.load(ordering: .relaxed) }

    func reset() { count.store(0, ordering: .relaxed) }
}

/// A number that goes up and down.
public final class PrometheusGauge: Sendable {
    private let number = AtomicDouble()

    init() {}

    /// Sets the value.
    public func set(_ newValue: Double) { number.store(newValue) }

    /// Adds `amount`, which may be negative.
    public func add(_ amount: Double) { number.add(amount) }

    /// The value now.
    public var value: Double { number.load() }
}

/// How often a measured value fell into each of a fixed set of ranges, with the sum of all values.
///
/// Recording is one search among at most 23 bounds and two atomic operations.
public final class PrometheusHistogram: Sendable {
    let buckets: HistogramBuckets
    private let counts: InlineArray<24, Atomic<UInt64>>
    private let sum = AtomicDouble()

    init(_ buckets: HistogramBuckets) {
        self.buckets = buckets
        counts = InlineArray { _ in Atomic(0) }
    }

    /// Records one value; NaN is ignored.
    public func record(_ value: Double) {
        guard !value.isNaN else { return }
        let bounds = buckets.bounds
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts[index].wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    /// Records a length of time, in seconds.
    public func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        record(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// Adds values that were counted elsewhere: how many fell under each bound and not under the one before, and their sum.
    ///
    /// - Parameter counts: one for each bound, and one for what lies above the last.
    public func add(counts: [UInt64], sum: Double) {
        for (index, count) in counts.prefix(buckets.bounds.count + 1).enumerated() {
            self.counts[index].wrappingAdd(count, ordering: .relaxed)
        }
        self.sum.add(sum)
    }

    /// How many values fell at or under each bound (cumulative, the last one counts all), and their sum.
    func snapshot() -> (cumulative: [UInt64], sum: Double) {
        var total: UInt64 = 0
        let cumulative = (0...buckets.bounds.count).map { index in
            total += counts[index].load(ordering: .relaxed)
            return total
        }
        return (cumulative, sum.load())
    }
}

/// A floating-point number that threads may add to at once.
final class AtomicDouble: Sendable {
    private let bits = Atomic<UInt64>(0)

    func load() -> Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var expected = bits.load(ordering: .relaxed)
        while true {
            let desired = (Double(bitPattern: expected) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(
                expected: expected, desired: desired, ordering: .relaxed)
            if exchanged { return }
            expected = original
        }
    }
}
