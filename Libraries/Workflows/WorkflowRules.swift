import Contracts

/// The rules about steps as they stand to each other.
struct WorkflowRules {
    private let drafts: [WorkflowDraft]
    /// By the key of the activity: the first step that has it.
    private let byActivity: [String: WorkflowDraft]
    private let ways: WorkflowWays

    init(_ drafts: [WorkflowDraft]) {
        self.drafts = drafts
        let byActivity = Dictionary(
            drafts.compactMap { draft in draft.activity.map { ($0.key, draft) } },
            uniquingKeysWith: { first, _ in first })
        self.byActivity = byActivity
        ways = WorkflowWays(
            drafts.flatMap { draft in
                draft.destinations.compactMap { destination in
                    byActivity[destination.key].map { (draft.key, $0.key) }
                }
            })
    }

    /// What is broken, each place once for each rule.
    var violations: [WorkflowViolation] {
        drafts.flatMap { activityStandsOnce($0) + input(of: $0) + destinations(of: $0) + place(of: $0) } + cycles
    }

    private func activityStandsOnce(_ draft: WorkflowDraft) -> [WorkflowViolation] {
        guard let activity = draft.activity, let first = byActivity[activity.key], first.key != draft.key else {
            return []
        }
        return [
            WorkflowViolation(
                rule: .activityStandsOnce, path: [draft.key, "id"],
                what: "the activity \(activity.key) is already that of step \(first.key)",
                remedy: "declare another activity for this step")
        ]
    }

    /// Fields that a step before it in the list declares with another type.
    private func input(of draft: WorkflowDraft) -> [WorkflowViolation] {
        guard let activity = draft.activity else { return [] }
        let others = drafts.prefix { $0.key != draft.key }
        return activity.input.fields.compactMap { field in
            let rival = others.lazy.compactMap { other in
                other.activity?.input[field.name].map { (step: other.key, type: $0.type) }
            }.first { $0.type != field.type }
            return rival.map { rival in
                WorkflowViolation(
                    rule: .inputsAgree, path: [draft.key, "id"],
                    what:
                        "\(activity.key) takes the input \(field.name) as \(field.type.rawValue), and step \(rival.step) as \(rival.type.rawValue)",
                    remedy:
                        "declare it with the same type in both activities, or give one of the two fields another name")
            }
        }
    }

    /// What is wrong with where a step's objects go.
    private func destinations(of draft: WorkflowDraft) -> [WorkflowViolation] {
        var named: Set<String> = []
        return draft.destinations.compactMap { destination in
            func violation(_ rule: WorkflowRule, _ what: String, _ remedy: String) -> WorkflowViolation {
                WorkflowViolation(rule: rule, path: draft.path(of: destination), what: what, remedy: remedy)
            }
            guard named.insert(destination.key).inserted else {
                return violation(
                    .destinationStandsOnce, "\(destination.key) stands twice in this list", "keep one of the two")
            }
            guard let target = byActivity[destination.key] else {
                return violation(
                    .destinationIsStep, "the destination \(destination.name) is not the activity of a step",
                    "add a step for it, or remove it here")
            }
            guard target.key != draft.key else {
                return violation(
                    .destinationIsAnother, "the step is its own destination", "remove it here, or name another step")
            }
            if target.activity?.type == .extract {
                return violation(
                    .extractBegins, "step \(target.key) is an extract, which finds its objects by its input",
                    "remove it here, or take an enrichment or a sourcing")
            }
            if let phase = draft.phase, let later = target.phase, later <= phase,
                !ways.lead(from: target.key, to: draft.key)
            {
                return violation(
                    .destinationIsLater, "step \(target.key) is in phase \(later), and this one in phase \(phase)",
                    "move \(target.key) to a later phase, or remove it here")
            }
            if let given = draft.activity?.objectType, let taken = target.activity?.objectType, given != taken {
                return violation(
                    .objectTypesAgree, "step \(target.key) takes objects of the type \(taken), and these are \(given)",
                    "name a step that takes \(given)")
            }
            return nil
        }
    }

    /// What is wrong with when a step begins.
    private func place(of draft: WorkflowDraft) -> [WorkflowViolation] {
        guard let phase = draft.phase, phase > WorkflowGraph.phases.lowerBound else { return [] }
        let phases = Set(drafts.compactMap(\.phase))
        var violations: [WorkflowViolation] = []
        // While the phase of a step cannot be read, it may be the one that seems to be missing.
        if !phases.contains(phase - 1), drafts.allSatisfy({ $0.phase != nil }) {
            let last = phases.filter { $0 < phase }.max() ?? WorkflowGraph.phases.lowerBound - 1
            violations.append(
                WorkflowViolation(
                    rule: .phasesAreConsecutive, path: draft.phasePath,
                    what: "phase \(phase) has nothing in phase \(phase - 1) before it",
                    remedy: "move it to phase \(last + 1)"))
        }
        if draft.activity?.type == .extract {
            violations.append(
                WorkflowViolation(
                    rule: .extractBegins, path: draft.phasePath,
                    what:
                        "an extract finds its objects by its input and waits for nothing, but this one is in phase \(phase)",
                    remedy: "move it to phase 1"))
        } else if let activity = draft.activity,
            !drafts.contains(where: { other in
                other.key != draft.key && other.destinations.contains { $0.key == activity.key }
            })
        {
            violations.append(
                WorkflowViolation(
                    rule: .stepIsReached, path: [draft.key],
                    what: "nothing leads to this step of phase \(phase)",
                    remedy: "name \(activity.key) as a destination of an earlier step, or move it to phase 1"))
        }
        return violations
    }

    /// One way in a circle for each group of steps that lead to each other.
    private var cycles: [WorkflowViolation] {
        var told: Set<String> = []
        return drafts.map(\.key).sorted().compactMap { key in
            guard !told.contains(key), let circle = ways.circle(through: key) else { return nil }
            told.formUnion(drafts.map(\.key).filter { ways.lead(from: key, to: $0) && ways.lead(from: $0, to: key) })
            return WorkflowViolation(
                rule: .noCycle, path: [key, "destination"],
                what: "the steps lead in a circle: \(circle.joined(separator: " → "))",
                remedy: "remove one of these destinations")
        }
    }
}
