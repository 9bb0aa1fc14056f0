/// Decides which waiting request goes next: bounds per host and in all, hosts taking turns.
///
/// libcurl has such bounds too (`CURLMOPT_MAX_HOST_CONNECTIONS`), but its queue serves whoever came first, so that
/// requests for one saturated host would hold up all others; and it starts a resolver thread for every request of a
/// host whose name is not yet known. Here one request leads the way until the name is resolved. A pure value but for
/// the host records, which callers hand back.
struct AdmissionQueue<Element> {
    /// What is known of one origin while it has requests, and for a while after.
    final class Host {
        fileprivate let origin: String
        fileprivate var waiting = FIFO<Element>()
        fileprivate var inFlight = 0
        fileprivate var isListed = false
        fileprivate var isReachable = false
        fileprivate var resolvedAt = MonotonicInstant(nanoseconds: 0)

        fileprivate init(origin: String) {
            self.origin = origin
        }
    }

    /// How long libcurl keeps a resolved name (`CURLOPT_DNS_CACHE_TIMEOUT`).
    static var resolutionLife: Duration { .seconds(60) }

    private let inFlightMax: Int
    private let perHostMax: Int
    private let waitingMax: Int
    private let hostsKeptMax = 1024
    private var hosts: [String: Host] = [:]
    private var turns = FIFO<Host>()
    private(set) var waitingCount = 0
    private(set) var inFlight = 0

    init(inFlightMax: Int, perHostMax: Int, waitingMax: Int) {
        self.inFlightMax = inFlightMax
        self.perHostMax = perHostMax
        self.waitingMax = waitingMax
    }

    /// Whether ``next(now:)`` is worth a call.
    var hasNext: Bool {
        inFlight < inFlightMax && !turns.isEmpty
    }

    /// Adds a request at the end of its host's queue.
    ///
    /// - Returns: Whether there was room. A request that can go at once never lacks it.
    mutating func append(_ element: Element, origin: String) -> Bool {
        guard waitingCount < waitingMax else { return false }
        let host = hosts[origin] ?? insertHost(origin)
        host.waiting.append(element)
        waitingCount += 1
        list(host)
        return true
    }

    /// Takes the next request that may go. Its place is given back with ``release(_:)``.
    mutating func next(now: MonotonicInstant) -> (element: Element, host: Host)? {
        guard inFlight < inFlightMax else { return nil }
        while let host = turns.popFirst() {
            host.isListed = false
            if host.inFlight == 0, host.isReachable, host.resolvedAt + Self.resolutionLife < now {
                host.isReachable = false
            }
            guard isReady(host), let element = host.waiting.popFirst() else { continue }
            waitingCount -= 1
            inFlight += 1
            host.inFlight += 1
            list(host)
            return (element, host)
        }
        return nil
    }

    /// Says that a host's name has been resolved, or that a connection to it stood ready, so that its other requests
    /// may follow.
    mutating func becameReachable(_ host: Host, resolvedAt: MonotonicInstant?) {
        if let resolvedAt { host.resolvedAt = resolvedAt }
        guard !host.isReachable else { return }
        host.isReachable = true
        list(host)
    }

    /// Gives a place back.
    mutating func release(_ host: Host) {
        host.inFlight -= 1
        inFlight -= 1
        list(host)
        if host.inFlight == 0, host.waiting.isEmpty, hosts.count > hostsKeptMax {
            hosts[host.origin] = nil
        }
    }

    /// Takes out all waiting requests of a host.
    mutating func extractWaiting(of host: Host) -> [Element] {
        let elements = host.waiting.extract { _ in true }
        waitingCount -= elements.count
        return elements
    }

    /// Takes out the waiting requests for which the closure says so.
    mutating func extractWaiting(where isTaken: (Element) -> Bool) -> [Element] {
        var elements: [Element] = []
        for host in hosts.values where !host.waiting.isEmpty {
            elements += host.waiting.extract(where: isTaken)
        }
        waitingCount -= elements.count
        return elements
    }

    private func isReady(_ host: Host) -> Bool {
        host.inFlight < (host.isReachable ? perHostMax : 1)
    }

    private mutating func list(_ host: Host) {
        guard !host.isListed, !host.waiting.isEmpty, isReady(host) else { return }
        host.isListed = true
        turns.append(host)
    }

    private mutating func insertHost(_ origin: String) -> Host {
        let host = Host(origin: origin)
        hosts[origin] = host
        return host
    }
}
