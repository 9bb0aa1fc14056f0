import JSON

/// A way in which an API misbehaves, and what becomes of the request that meets it.
struct Misbehavior: Sendable, CustomStringConvertible {
    /// What it does, in a few words.
    let description: String
    /// What the stub is told to do wrong; `kind` and the fields that belong to it.
    var plan: [JSONValue] = []
    /// Settings of the stub, as JSON.
    var settings: String?
    /// Whether all tokens become stale beforehand.
    var revokesTokens = false
    /// What stands in the catalogue otherwise than in the example.
    var overrides: [String] = []
    /// The state in which the request ends.
    let state: String
    /// The substate of a run that failed or has something to say; nil when none does.
    var substate: String?
    /// Part of the reason, as a regular expression: in the request when it has a substate, else in its timeline.
    var saying: String?
    /// Whether the result is the same as on a good day.
    var isWhole = false
    /// What the API has counted in the end.
    var counts: [String: ClosedRange<Int>] = [:]

    /// It is got over: the request ends as on a good day.
    static func overcome(
        _ description: String, _ plan: [JSONValue] = [], settings: String? = nil, revokesTokens: Bool = false,
        overrides: [String] = [], saying: String? = nil, counts: [String: ClosedRange<Int>] = [:]
    ) -> Misbehavior {
        Misbehavior(
            description: description, plan: plan, settings: settings, revokesTokens: revokesTokens,
            overrides: overrides, state: "done", saying: saying, isWhole: true, counts: counts)
    }

    /// It ends the request, or a part of it, for a reason.
    static func ends(
        _ description: String, _ plan: [JSONValue] = [], revokesTokens: Bool = false, overrides: [String] = [],
        _ state: String, _ substate: String, _ saying: String, counts: [String: ClosedRange<Int>] = [:]
    ) -> Misbehavior {
        Misbehavior(
            description: description, plan: plan, revokesTokens: revokesTokens, overrides: overrides, state: state,
            substate: substate, saying: saying, counts: counts)
    }
}
