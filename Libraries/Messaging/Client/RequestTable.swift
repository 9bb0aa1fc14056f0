/// The requests that wait: first for a broker, then for their answer, both no longer than their deadline.
struct RequestTable {
    private var requests: [UInt64: PendingRequest] = [:]
    /// Requests that no broker has got yet, in order; some may have been answered (cancelled, expired) meanwhile.
    private var unsent: [UInt64] = []
    private var nextUnsent = 0
    private let countMax: Int
    /// No request's deadline is before this instant.
    private(set) var nextDeadline: SuspendingClock.Instant?

    init(countMax: Int) {
        self.countMax = countMax
    }

    var isEmpty: Bool { requests.isEmpty }
    var hasUnsent: Bool { nextUnsent < unsent.count }

    mutating func add(_ request: PendingRequest) {
        guard requests.count < countMax else {
            let error = MessagingError(.overloaded, "\(countMax) requests wait for an answer already")
            request.continuation.resume(returning: .failure(error))
            return
        }
        requests[request.id] = request
        unsent.append(request.id)
        nextDeadline = min(nextDeadline ?? request.deadline, request.deadline)
    }

    /// The next request to send; the caller sends it on the link at once.
    mutating func takeUnsent(for link: Int) -> PendingRequest? {
        while nextUnsent < unsent.count {
            let id = unsent[nextUnsent]
            nextUnsent += 1
            if nextUnsent == unsent.count {
                unsent.removeAll(keepingCapacity: unsent.capacity <= 4_096)
                nextUnsent = 0
            }
            guard requests[id] != nil else { continue }
            requests[id]?.link = link
            return requests[id]
        }
        return nil
    }

    /// Ends a request; `false` if it is not waiting any more.
    mutating func finish(_ id: UInt64, with result: Result<BusReply, MessagingError>) -> Bool {
        guard let request = requests.removeValue(forKey: id) else { return false }
        if requests.isEmpty { nextDeadline = nil }
        request.continuation.resume(returning: result)
        return true
    }

    /// Ends the requests whose time is over.
    mutating func expire(now: SuspendingClock.Instant) {
        guard let deadline = nextDeadline, deadline <= now else { return }
        for (id, request) in requests where request.deadline <= now {
            let place = request.link == nil ? "no broker was reachable" : "no answer came"
            let error = MessagingError(.timeout, "\(place) within \(request.timeout)")
            _ = finish(id, with: .failure(error))
        }
        nextDeadline = requests.values.lazy.map(\.deadline).min()
    }

    /// Ends the requests that went out on a link; `nil` stands for all requests.
    mutating func failAll(on link: Int?, _ error: MessagingError) {
        for (id, request) in requests where link == nil || request.link == link {
            _ = finish(id, with: .failure(error))
        }
    }
}
