/// What a workflow has to keep. The raw value is the rule's name in error messages and in `docs/catalogue.md`.
public enum WorkflowRule: String, Sendable, Hashable, CaseIterable {
    /// Members and their values are those of the form.
    case formIsKnown = "form_is_known"
    /// There are 1 to 50 steps.
    case stepsAreBounded = "steps_are_bounded"
    /// A step's key is a name of letters, digits, `_` and `-`.
    case stepKeyIsName = "step_key_is_a_name"
    /// Each step is of the type `activity`.
    case typeIsActivity = "type_is_activity"
    /// The activity of each step exists.
    case activityIsKnown = "activity_is_known"
    /// No two steps have the same activity.
    case activityStandsOnce = "activity_stands_once"
    /// A phase is 1 to 5.
    case phaseIsInBounds = "phase_is_in_bounds"
    /// Each phase but the first has one before it.
    case phasesAreConsecutive = "phases_are_consecutive"
    /// `max_objects` is 1 to 100,000.
    case maxObjectsIsInBounds = "max_objects_is_in_bounds"
    /// `on_failure` is `stop`, `skip` or `continue`.
    case onFailureIsKnown = "on_failure_is_known"
    /// A destination is the activity of a step of the workflow.
    case destinationIsStep = "destination_is_a_step"
    /// No destination is named twice by a step.
    case destinationStandsOnce = "destination_stands_once"
    /// No step is its own destination.
    case destinationIsAnother = "destination_is_another_step"
    /// Destinations lead to later phases.
    case destinationIsLater = "destination_is_in_a_later_phase"
    /// No way leads back to where it began.
    case noCycle = "no_cycle"
    /// The objects of a step are of the type that its destination takes.
    case objectTypesAgree = "object_types_agree"
    /// Steps that take an input field of the same name take the same type: each gets the one value that a request gives.
    case inputsAgree = "inputs_agree"
    /// Something leads to each step of a later phase.
    case stepIsReached = "step_is_reached"
    /// An extract finds its objects by its input: nothing leads to it, and it is in phase 1.
    case extractBegins = "extract_begins"
}
