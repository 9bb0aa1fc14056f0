import Contracts
import JSON

/// What can be followed to its end.
protocol FollowedRequest: Sendable {
    /// Whether it has ended and its outcome is there, or never will be.
    var isFinished: Bool { get }
    /// Runs that have ended, well or not.
    var runsEnded: Int { get }
    /// All runs, as far as they are known.
    var runsExpected: Int { get }
}

extension RequestOverview: FollowedRequest {
    var runsExpected: Int { max(plan.runs, runs.total) }
}

extension WorkflowOverview: FollowedRequest {}

/// How a request stands, whatever it is for.
enum RequestStanding: FollowedRequest {
    case activity(RequestOverview)
    case workflow(WorkflowOverview)

    var isFinished: Bool { followed.isFinished }
    var runsEnded: Int { followed.runsEnded }
    var runsExpected: Int { followed.runsExpected }

    private var followed: any FollowedRequest {
        switch self {
        case .activity(let overview): overview
        case .workflow(let overview): overview
        }
    }

    /// The answer as it came, for programs.
    var json: JSONValue {
        switch self {
        case .activity(let overview): overview.json
        case .workflow(let overview): overview.json
        }
    }

    var deliveries: [DeliveryOverview] {
        switch self {
        case .activity(let overview): overview.deliveries
        case .workflow(let overview): overview.deliveries
        }
    }

    var kind: RequestKind {
        switch self {
        case .activity: .activity
        case .workflow: .workflow
        }
    }

    /// Tells a person.
    func print(to console: Console) {
        switch self {
        case .activity(let overview): OverviewText.print(overview, to: console)
        case .workflow(let overview): WorkflowText.print(overview, to: console)
        }
    }
}
