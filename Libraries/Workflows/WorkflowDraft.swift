/// A step as far as it could be read, so that what is wrong in one place hides nothing that is wrong in another.
struct WorkflowDraft {
    /// A destination as it was written.
    struct Destination {
        /// The position in the list.
        let position: Int
        /// The activity's key or id.
        let name: String
        /// The activity, if there is one of that name.
        let activity: WorkflowActivity?

        /// What the destination is called: by its activity's key, or as it was written.
        var key: String { activity?.key ?? name }
    }

    let key: String
    let activity: WorkflowActivity?
    let phase: Int?
    let maxObjects: Int?
    let onFailure: FailurePolicy
    let destinations: [Destination]

    /// The place of a destination.
    func path(of destination: Destination) -> [String] {
        [key, "destination", "activity", "id", "\(destination.position)"]
    }

    /// The place of the phase.
    var phasePath: [String] { [key, "setup", "config", "phase"] }

    /// The step; nil while something of it is missing.
    var step: WorkflowStep? {
        guard let activity, let phase else { return nil }
        return WorkflowStep(
            key: key, activity: activity.key, phase: phase, maxObjects: maxObjects, onFailure: onFailure,
            destinations: destinations.map(\.key))
    }
}
