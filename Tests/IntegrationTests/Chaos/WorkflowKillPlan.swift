/// Which services are killed at which moments of which workflow: the same for the same seed.
struct WorkflowKillPlan: Sendable, CustomStringConvertible {
    /// Where a workflow is: in one of its phases, or at its end, when its webhooks go out.
    enum Stretch: Int, CaseIterable, Sendable {
        case search, details, verdict, end
    }

    /// One death of a service.
    struct Kill: Sendable, CustomStringConvertible {
        let service: ServiceName
        let stretch: Stretch
        /// How much of the stretch is over, of 1. Work is what is counted: a slow machine is killed at the same places as a fast one.
        let share: Double
        /// How much later it is, so that what lies between two calls and between two phases is hit as well.
        let delay: Duration
        /// How long the service is gone.
        let absence: Duration

        /// Whether it should cost an executor its calls: far enough from the end of a phase that consists of calls.
        var breaksCalls: Bool {
            service == .executor && [.details, .verdict].contains(stretch) && share < 0.7
        }

        var description: String {
            let percent = Int(share * 100)
            return "\(service) at \(percent) % of \(stretch) + \(delay), gone for \(absence)"
        }
    }

    /// More in one workflow could cost a run more attempts than a source may have.
    private static let killsOfWorkflow = 10
    /// Of its five kills those of the executor, the processor and delivery come while these are at work.
    private static let standardSeed: UInt64 = 21

    let seed: UInt64
    /// The kills of each workflow, in their order.
    let workflows: [[Kill]]

    /// The plan that the environment asks for: `WEIR_CHAOS_SEED` and `WEIR_CHAOS_KILLS`.
    ///
    /// - Throws: ``HarnessError`` when one of them is not a number.
    init(environment: [String: String]) throws {
        let variables = ChaosVariables(environment)
        self.init(
            seed: try variables.seed(default: Self.standardSeed),
            count: Int(try variables.number("WEIR_CHAOS_KILLS", default: 5, in: 1...1_000)))
    }

    private init(seed: UInt64, count: Int) {
        var random = SplitMix64(seed: seed)
        self.seed = seed
        var services: [ServiceName] = []
        let kills = (0..<count).map { _ in
            // In turns, each round in an order of its own: chance spares none of them.
            if services.isEmpty { services = ServiceName.allCases.shuffled(using: &random) }
            return Kill(
                service: services.removeLast(), stretch: Stretch.allCases.randomElement(using: &random) ?? .end,
                share: Double.random(in: 0..<1, using: &random), delay: random.duration(in: 0...200),
                absence: random.duration(in: 0...1_500))
        }
        workflows = stride(from: 0, to: count, by: Self.killsOfWorkflow).map { first in
            kills[first..<min(first + Self.killsOfWorkflow, count)]
                .sorted { ($0.stretch.rawValue, $0.share) < ($1.stretch.rawValue, $1.share) }
        }
    }

    var description: String {
        let lists = workflows.enumerated().map { number, kills in
            "workflow \(number + 1):" + kills.map { "\n  \($0)" }.joined()
        }
        return (["seed \(seed)"] + lists).joined(separator: "\n")
    }
}
