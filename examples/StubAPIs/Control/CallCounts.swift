/// What an API has seen since it was reset. Counted here and not by the caller: an API does not see why it was called.
struct CallCounts: Sendable, Encodable {
    /// Calls in all, those that were refused included.
    var calls = 0
    /// Calls by method and route, such as `GET /directory/v1/people`.
    var routes: [String: Int] = [:]
    var statuses: [Int: Int] = [:]
    /// Calls under way: from the request's header until the answer is begun.
    var inFlight = 0
    /// The most calls that were under way at once.
    var inFlightMax = 0
    /// The most calls that began within any one second.
    var perSecondMax = 0
    /// Calls that came although the limits that were set forbade them.
    var violations = 0
    /// Tokens that were handed out (OAuth2).
    var tokensIssued = 0
    /// Calls that came with a token that had expired or been revoked.
    var staleTokens = 0
    /// Submissions that made a job, and those that repeated one by its key.
    var jobsCreated = 0
    var jobsRepeated = 0
    var jobsAborted = 0
    var jobsDeleted = 0
    /// Calls to addresses that submissions gave, by whether they were taken.
    var callbacksTaken = 0
    var callbacksRefused = 0

    private var starts: [ContinuousClock.Instant] = []

    enum CodingKeys: CodingKey {
        case calls, routes, statuses, inFlight, inFlightMax, perSecondMax, violations, tokensIssued, staleTokens
        case jobsCreated, jobsRepeated, jobsAborted, jobsDeleted, callbacksTaken, callbacksRefused
    }

    /// Notes that a call has come.
    ///
    /// - Returns: how many are under way, and how many have begun within the last second, this one included.
    mutating func begin(route: String, now: ContinuousClock.Instant) -> (inFlight: Int, perSecond: Int) {
        calls += 1
        routes[route, default: 0] += 1
        inFlight += 1
        inFlightMax = max(inFlightMax, inFlight)
        // A second is half open: what began exactly one second ago is not in it any more.
        let first = starts.firstIndex { now - $0 < .seconds(1) } ?? starts.endIndex
        starts.removeSubrange(..<first)
        starts.append(now)
        perSecondMax = max(perSecondMax, starts.count)
        return (inFlight, starts.count)
    }

    mutating func end(status: Int) {
        inFlight -= 1
        statuses[status, default: 0] += 1
    }
}
