import Synchronization
import Testing

@testable import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Id generator")
struct IDGeneratorTests {
    private static let allOnes = RandomSource { words in words.update(repeating: .max) }
    private static let zeros = RandomSource { words in words.update(repeating: 0) }

    /// A clock that the test moves.
    private final class ManualClock: Sendable {
        let milliseconds = Atomic<Int64>(1_645_557_742_000)
        var wallClock: WallClock { WallClock { self.milliseconds.load(ordering: .relaxed) * 1_000_000 } }
    }

    @Test func layoutIsThatOfRFC9562() {
        let id = IDGenerator(clock: ManualClock().wallClock, random: Self.allOnes).next().uuidString
        // The RFC's own example has the same instant: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F.
        #expect(id == "017F22E2-79B0-77FF-BFFF-FFFFFFFFFFFF")
        #expect(
            IDGenerator(clock: ManualClock().wallClock, random: Self.zeros).next().uuidString
                == "017F22E2-79B0-7000-8000-000000000000")
    }

    @Test func idsOfOneMillisecondGoUp() {
        let generator = IDGenerator(clock: ManualClock().wallClock)
        let ids = generator.next(10_000).map(\.uuidString)
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.hasPrefix("017F22E2-79B0-7") })
    }

    @Test func idsGoUpWhenTheClockGoesBack() {
        let clock = ManualClock()
        let generator = IDGenerator(clock: clock.wallClock)
        let before = generator.next()
        clock.milliseconds.store(5, ordering: .relaxed)
        let after = generator.next()
        #expect(before.uuidString < after.uuidString)
    }

    @Test func fullCounterTakesTheNextMillisecond() {
        let generator = IDGenerator(clock: ManualClock().wallClock, random: Self.allOnes, counterBits: 4)
        // The counter begins at 7 and may reach 15: nine ids fit in a millisecond.
        let ids = generator.next(10).map(\.uuidString)
        #expect(ids == ids.sorted())
        #expect(ids[8].hasPrefix("017F22E2-79B0-7"))
        #expect(ids[9].hasPrefix("017F22E2-79B1-7"))
    }

    @Test func tasksNeverGetTheSameId() async {
        let generator = IDGenerator()
        let ids = await withTaskGroup(of: [UUID].self) { group in
            for _ in 0..<8 { group.addTask { (0..<2_000).map { _ in generator.next() } } }
            return await group.reduce(into: Set<UUID>()) { $0.formUnion($1) }
        }
        #expect(ids.count == 16_000)
    }

    @Test func noneAreMadeWhenNoneAreAskedFor() {
        #expect(IDGenerator().next(0).isEmpty)
    }

    @Test func systemSourceFillsEveryWord() {
        var words = [UInt64](repeating: 0, count: 100)
        words.withUnsafeMutableBufferPointer { RandomSource.system.fill($0) }
        #expect(Set(words).count == 100)
    }
}
