import Foundation

/// Which process is killed when, and for how long it stays away: the same for the same seed.
struct ChaosPlan: Sendable, CustomStringConvertible {
    /// One death of a process.
    struct Kill: Sendable {
        /// How long it lives before.
        let life: Duration
        /// How long it is gone.
        let absence: Duration
    }

    /// Processes of the services that more than one runs of. Of each, the last is left alone.
    static let counts: [ServiceName: Int] = [.scheduler: 3, .executor: 4]
    private static let victims = [
        ServiceInstance(.scheduler, 0), ServiceInstance(.scheduler, 1), ServiceInstance(.executor, 0),
        ServiceInstance(.executor, 1),
    ]

    let seed: UInt64
    /// How long processes are killed and requests submitted.
    let duration: Duration
    let kills: [ServiceInstance: [Kill]]
    /// What the load is made from.
    let loadSeed: UInt64

    /// The plan that the environment asks for: `WEIR_CHAOS_SEED` and `WEIR_CHAOS_SECONDS`.
    ///
    /// - Throws: ``HarnessError`` when one of them is not a number.
    init(environment: [String: String]) throws {
        let variables = ChaosVariables(environment)
        self.init(
            seed: try variables.seed(),
            duration: .seconds(Int64(try variables.number("WEIR_CHAOS_SECONDS", default: 10, in: 1...3600))))
    }

    private init(seed: UInt64, duration: Duration) {
        var random = SplitMix64(seed: seed)
        self.seed = seed
        self.duration = duration
        kills = Dictionary(
            uniqueKeysWithValues: Self.victims.map { victim in
                var own = random.split()
                var kills: [Kill] = []
                var time = Duration.zero
                while true {
                    let kill = Kill(life: own.duration(in: 200...2_500), absence: own.duration(in: 0...1_500))
                    time += kill.life
                    guard time < duration else { return (victim, kills) }
                    kills.append(kill)
                    time += kill.absence
                }
            })
        loadSeed = random.next()
    }

    var description: String {
        let count = kills.values.reduce(0) { $0 + $1.count }
        return "seed \(seed), \(duration), \(count) kills"
    }
}
