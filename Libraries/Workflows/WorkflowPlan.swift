public import Contracts

/// What a workflow comes to before anything of it has begun: objects, runs and calls of each step.
public struct WorkflowPlan: Sendable, Hashable {
    /// A number that is known, or the most that it can be.
    public struct Amount: Sendable, Hashable {
        /// The number.
        public let count: Int
        /// Whether it is that and not less.
        public let isExact: Bool

        /// The number and nothing less.
        public static func exactly(_ count: Int) -> Amount { Amount(count: count, isExact: true) }

        /// That number or less.
        public static func atMost(_ count: Int) -> Amount { Amount(count: count, isExact: false) }

        /// Both together.
        public static func + (left: Amount, right: Amount) -> Amount {
            Amount(count: left.count + right.count, isExact: left.isExact && right.isExact)
        }
    }

    /// What counts of an activity.
    public struct Activity: Sendable, Hashable {
        /// What it does.
        public let type: ActivityType
        /// How many objects it finds at the most.
        public let maxObjects: Int
        /// Of each of its sources, how many objects one call is about.
        public let objectsPerCall: [Int]

        /// An activity with one number for each source.
        public init(type: ActivityType, maxObjects: Int, objectsPerCall: [Int]) {
            self.type = type
            self.maxObjects = maxObjects
            self.objectsPerCall = objectsPerCall.map { max($0, 1) }
        }
    }

    /// What a step comes to.
    public struct Step: Sendable, Hashable {
        /// The step.
        public let step: WorkflowStep
        /// How many objects it takes or finds.
        public let objects: Amount
        /// One run for each object and source, or for each source that finds objects.
        public let runs: Amount
        /// How many calls of third-party APIs at the least: further pages, polls and retries come on top.
        public let calls: Amount
    }

    /// The steps by phase, then by key.
    public let steps: [Step]
    /// The runs of all steps.
    public var runs: Amount { steps.reduce(.exactly(0)) { $0 + $1.runs } }
    /// The calls of all steps.
    public var calls: Amount { steps.reduce(.exactly(0)) { $0 + $1.calls } }

    /// Plans a workflow.
    ///
    /// - Parameters:
    ///   - graph: its steps.
    ///   - activities: by key; a step whose activity is not among them comes to nothing.
    ///   - objects: how many objects the request names; nil when that is not known, or when it names none.
    public init(_ graph: WorkflowGraph, activities: [String: Activity], objects: Int? = nil) {
        // An enrichment of the first phase works on nothing else, so there will be some.
        let areNeeded = graph.steps.contains {
            $0.phase == WorkflowGraph.phases.lowerBound && activities[$0.activity]?.type == .enrichment
        }
        let given =
            objects.map(Amount.exactly) ?? (areNeeded ? .atMost(WorkflowGraph.maxObjectsBounds.upperBound) : nil)
        var steps: [Step] = []
        for step in graph.steps {
            guard let activity = activities[step.activity] else {
                steps.append(Step(step: step, objects: .exactly(0), runs: .exactly(0), calls: .exactly(0)))
                continue
            }
            let isFirst = step.phase == WorkflowGraph.phases.lowerBound
            let taken: Amount? =
                if activity.type == .extract { nil } else if isFirst { given } else {
                    .atMost(
                        steps.filter { $0.step.destinations.contains(step.activity) }
                            .reduce(0) { $0 + $1.objects.count })
                }
            steps.append(
                taken.map { Step(step, of: activity, taking: $0) } ?? Step(step, finding: activity))
        }
        self.steps = steps
    }
}

extension WorkflowPlan.Step {
    /// A step that works on objects that others name.
    fileprivate init(_ step: WorkflowStep, of activity: WorkflowPlan.Activity, taking objects: WorkflowPlan.Amount) {
        let count = min(objects.count, step.maxObjects ?? objects.count)
        let calls = activity.objectsPerCall.reduce(0) { $0 + (count + $1 - 1) / $1 }
        func amount(_ count: Int) -> WorkflowPlan.Amount { objects.isExact ? .exactly(count) : .atMost(count) }
        self.init(
            step: step, objects: amount(count), runs: amount(count * activity.objectsPerCall.count),
            calls: amount(calls))
    }

    /// A step that finds objects: each source is asked once.
    fileprivate init(_ step: WorkflowStep, finding activity: WorkflowPlan.Activity) {
        let sources = WorkflowPlan.Amount.exactly(activity.objectsPerCall.count)
        self.init(
            step: step, objects: .atMost(min(activity.maxObjects, step.maxObjects ?? activity.maxObjects)),
            runs: sources, calls: sources)
    }
}
