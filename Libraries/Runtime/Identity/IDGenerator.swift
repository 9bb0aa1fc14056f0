import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Makes UUIDv7 (RFC 9562): each is greater than the one before it, within a process.
///
/// Layout: 48 bits of milliseconds, the version, a 26-bit counter (12 bits before the variant, 14 after it), 48 random bits. The
/// counter begins each millisecond at a random value below 2²⁵ and goes up by one per id, so 33 million ids fit in a millisecond;
/// past that, and when the wall clock goes back, the generator runs ahead of the clock instead of repeating itself.
public final class IDGenerator: Sendable {
    private struct State {
        var milliseconds: UInt64 = 0
        var counter: UInt64 = 0
        var words = InlineArray<32, UInt64>(repeating: 0)
        var wordsLeft = 0
    }

    private let state = Mutex(State())
    private let clock: WallClock
    private let random: RandomSource
    private let counterBits: UInt64

    /// Creates a generator on a clock and a source of randomness, by default the system's.
    public convenience init(clock: WallClock = .system, random: RandomSource = .system) {
        self.init(clock: clock, random: random, counterBits: 26)
    }

    /// A counter of fewer bits is full sooner, for tests.
    init(clock: WallClock, random: RandomSource, counterBits: UInt64) {
        self.clock = clock
        self.random = random
        self.counterBits = counterBits
    }

    /// The next id.
    public func next() -> UUID {
        let now = currentMilliseconds()
        return state.withLock { make(&$0, now: now) }
    }

    /// The next `count` ids, in order, under one lock and one reading of the clock.
    public func next(_ count: Int) -> [UUID] {
        let now = currentMilliseconds()
        return state.withLock { state in
            var ids: [UUID] = []
            ids.reserveCapacity(count)
            for _ in 0..<count { ids.append(make(&state, now: now)) }
            return ids
        }
    }

    private func currentMilliseconds() -> UInt64 {
        UInt64(clamping: clock.millisecondsSinceEpoch()) & Self.millisecondsMask
    }

    private static let millisecondsMask: UInt64 = (1 << 48) - 1

    private func make(_ state: inout State, now: UInt64) -> UUID {
        let word = takeWord(&state)
        state.counter += 1
        if now > state.milliseconds || state.counter >> counterBits != 0 {
            state.milliseconds = max(now, state.milliseconds + 1)
            state.counter = takeWord(&state) >> (64 - (counterBits - 1))
        }
        let high = state.milliseconds << 16 | 0x7000 | state.counter >> 14
        let low = 0x8000_0000_0000_0000 | (state.counter & 0x3FFF) << 48 | word >> 16
        return Self.uuid(high: high, low: low)
    }

    private func takeWord(_ state: inout State) -> UInt64 {
        if state.wordsLeft == 0 {
            var words = state.words.mutableSpan
            words.withUnsafeMutableBufferPointer { random.fill($0) }
            state.wordsLeft = state.words.count
        }
        state.wordsLeft -= 1
        return state.words[state.wordsLeft]
    }

    private static func uuid(high: UInt64, low: UInt64) -> UUID {
        func byte(_ word: UInt64, _ index: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> (56 - 8 * index)) }
        return UUID(
            uuid: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3),
                byte(high, 4), byte(high, 5), byte(high, 6), byte(high, 7),
                byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3),
                byte(low, 4), byte(low, 5), byte(low, 6), byte(low, 7)
            ))
    }
}
