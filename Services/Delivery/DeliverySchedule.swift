import Contracts
import Store

/// Which endpoints deliveries are claimed for next, and how many of each: endpoints take turns, those with the fewest posts under way
/// first. Pure.
///
/// An endpoint whose last attempt got through has several posts at a time. One that is new or failing has one, and all of these together have
/// half of the places: however many endpoints are dead or silent, the others find room (docs/decisions/0021).
struct DeliverySchedule {
    /// The bounds of a delivery service.
    struct Limits: Sendable {
        /// Posts under way at once.
        var postsMax = 512
        /// Posts of one endpoint under way at once.
        var endpointPostsMax = 16
    }

    /// Endpoints claimed for in one statement.
    static let turnsMax = 200
    /// Deliveries claimed in one statement.
    static let claimMax = 200

    private struct Lane {
        let org: OrgID
        var isProven: Bool
        var posting = 0
        /// Whether deliveries are ready, as far as anybody knows.
        var isOffered = false
        /// When it had its last turn, as a number of turns; 0 before its first.
        var lastTurn = 0
    }

    private let limits: Limits
    private var lanes: [EndpointID: Lane] = [:]
    private(set) var posting = 0
    private var turn = 0

    init(limits: Limits) {
        self.limits = limits
    }

    /// An endpoint has work, as Postgres says.
    mutating func offer(_ work: EndpointWork) {
        var lane = lanes[work.endpoint] ?? Lane(org: work.org, isProven: work.isProven)
        // What this process is finding out itself is newer than what is on disk.
        if lane.posting == 0 { lane.isProven = work.isProven }
        lane.isOffered = true
        lanes[work.endpoint] = lane
    }

    /// Takes the endpoints that have work and room, each with its part of the places that are free.
    mutating func takeTurns() -> [EndpointTurn] {
        var free = min(limits.postsMax - posting, Self.claimMax)
        turn += 1
        let unprovenFree =
            max(limits.postsMax / 2, 1) - lanes.values.lazy.filter { !$0.isProven }.map(\.posting).reduce(0, +)
        let open = lanes.filter { $0.value.isOffered && room(of: $0.value) > 0 }
            .sorted { ($0.value.posting, $0.value.lastTurn, $0.key) < ($1.value.posting, $1.value.lastTurn, $1.key) }
        var unproven = 0
        let candidates = open.filter { lane in
            if !lane.value.isProven { unproven += 1 }
            return lane.value.isProven || unproven <= unprovenFree
        }.prefix(Self.turnsMax)
        var turns: [EndpointTurn] = []
        for (number, (endpoint, lane)) in candidates.enumerated() where free > 0 {
            // The last ones of many get one each.
            let share = max(1, free / (candidates.count - number))
            let room = min(room(of: lane), share)
            turns.append(EndpointTurn(org: lane.org, endpoint: endpoint, room: room))
            free -= room
            // Until the claim is answered; ``claimed(_:of:)`` offers it again if there may be more.
            lanes[endpoint]?.isOffered = false
            lanes[endpoint]?.lastTurn = turn
        }
        return turns
    }

    private func room(of lane: Lane) -> Int { (lane.isProven ? limits.endpointPostsMax : 1) - lane.posting }

    /// A claim was answered. Of an endpoint with fewer deliveries than there was room for nothing is left that may be posted now.
    mutating func claimed(_ deliveries: [EndpointID], of turns: [EndpointTurn]) {
        let counts = deliveries.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        for turn in turns {
            let count = counts[turn.endpoint] ?? 0
            lanes[turn.endpoint]?.posting += count
            posting += count
            if count == turn.room { lanes[turn.endpoint]?.isOffered = true }
            drop(turn.endpoint)
        }
    }

    /// A claim was not answered: its endpoints have work as before.
    mutating func returned(_ turns: [EndpointTurn]) {
        for turn in turns { lanes[turn.endpoint]?.isOffered = true }
    }

    /// A post has failed, and ends when that is on disk.
    mutating func fail(_ endpoint: EndpointID) {
        lanes[endpoint]?.isProven = false
    }

    /// A post has ended.
    mutating func end(_ endpoint: EndpointID, _ finding: DeliveryAttempt.Finding) {
        posting -= 1
        lanes[endpoint]?.posting -= 1
        switch finding {
        case .taken: lanes[endpoint]?.isProven = true
        case .notTaken, .gone, .incomplete: fail(endpoint)
        case .none: break
        }
        drop(endpoint)
    }

    /// Forgets an endpoint with nothing to do.
    private mutating func drop(_ endpoint: EndpointID) {
        if let lane = lanes[endpoint], lane.posting == 0, !lane.isOffered { lanes[endpoint] = nil }
    }
}
