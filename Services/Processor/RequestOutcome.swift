import Contracts
import Store

/// What becomes of a request whose runs are all closed (DESIGN section 4). Pure.
struct RequestOutcome: Equatable {
    let state: String
    let substate: String?
    let reason: String?

    /// - Parameters:
    ///   - wanted: how many runs the request comes to, when it was ended before all of them were made.
    ///   - stop: why the request was ended before all of its runs were; nil when it was not.
    init(_ counts: RunCounts, wanted: Int = 0, stop: (cause: StopCause, reason: String)? = nil) {
        let total = max(counts.total, wanted)
        if let stop, counts.done < total || total == 0 {
            let unfinished = "\(total - counts.done) of its \(Quantity(total, "run")) did not succeed"
            if counts.done > 0 {
                (state, substate, reason) = ("done", "partial", "\(stop.reason); \(unfinished)")
            } else {
                (state, substate, reason) = (stop.cause.stateOfRuns, stop.cause.rawValue, stop.reason)
            }
        } else if counts.total == 0 {
            (state, substate, reason) = ("done", "empty", "the request came to no runs")
        } else if counts.timedout == counts.total {
            (state, substate) = ("timedout", nil)
            reason = counts.total == 1 ? "its only run timed out" : "all of its \(counts.total) runs timed out"
        } else if counts.done == 0 {
            (state, substate) = ("failed", nil)
            reason = counts.total == 1 ? "its only run did not succeed" : "none of its \(counts.total) runs succeeded"
        } else if counts.done < counts.total {
            (state, substate, reason) = (
                "done", "partial", "\(counts.total - counts.done) of its \(counts.total) runs did not succeed"
            )
        } else {
            (state, substate, reason) = ("done", nil, nil)
        }
    }
}
