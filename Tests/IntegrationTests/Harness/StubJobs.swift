import Foundation
import JSON
import Synchronization

/// A third-party API that takes orders and has their results later, and misbehaves where a test says so.
///
/// - `POST /jobs` with `{"names": [NAME, …], "key": KEY, "callback": URL}` answers `{"id": ID}`; a key that is known answers its job.
/// - `GET /jobs?key=KEY` answers `{"jobs": [{"id": ID}]}`, or an empty list.
/// - `GET /jobs/ID` answers `{"status": …, "percent": …}`, `GET /jobs/ID/result` the results, `DELETE /jobs/ID` and
///   `POST /jobs/ID/cleanup` nothing.
final class StubJobs: Sendable {
    /// What a job does.
    enum Course: Sendable {
        /// It is done at this poll.
        case done(atPoll: Int)
        /// It ends without a result at the first poll.
        case fails
        /// It gets further with every poll and never comes to an end.
        case endless
        /// It stands still.
        case stuck
    }

    struct Job: Sendable {
        var id: String
        var names: [String]
        var key: String
        var callback: String?
        var polls = 0
        var fetched = 0
        var aborted = 0
        var cleaned = 0
    }

    private struct State {
        var jobs: [Job] = []
        var submissions = 0
        var lookups = 0
        var course = Course.done(atPoll: 2)
        /// Submissions that are taken without an answer.
        var unanswered = 0
        /// Submissions that are lost on the way.
        var lost = 0
        /// Submissions that are answered with 503.
        var refused = 0
        /// What all but submissions are answered; nil: what they ask for.
        var mood: (status: Int, isForResults: Bool)?
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let gate = Gate()
        let polling = Gate()
    }

    private let server: StubServer
    private let shared: Shared

    init() throws {
        let shared = Shared()
        self.shared = shared
        server = try StubServer { request in
            let path = request.target.prefix { $0 != "?" }.split(separator: "/").map(String.init)
            if request.method == "POST", path.count == 1 { return Self.submit(request, shared) }
            let reply = shared.state.withLock { Self.answer(request, path, &$0) }
            if request.method == "GET", path.count == 2 { shared.polling.pass() }
            return reply
        }
    }

    var url: String { server.url }
    /// Holds submissions after they are taken and before they are answered.
    var gate: Gate { shared.gate }
    /// Holds polls back after their answer is decided.
    var polling: Gate { shared.polling }
    var jobs: [Job] { shared.state.withLock { $0.jobs } }
    var submissions: Int { shared.state.withLock { $0.submissions } }
    var lookups: Int { shared.state.withLock { $0.lookups } }

    func follow(_ course: Course) { shared.state.withLock { $0.course = course } }

    /// Takes the next submissions without an answer.
    func leaveUnanswered(_ count: Int) { shared.state.withLock { $0.unanswered = count } }

    /// Breaks the connection of the next submissions, without taking them.
    func lose(_ count: Int) { shared.state.withLock { $0.lost = count } }

    /// Answers the next submissions that are not lost and not left unanswered with 503.
    func refuse(_ count: Int) { shared.state.withLock { $0.refused = count } }

    /// Answers everything but submissions with a status, or only what asks for results; nil: as usual again.
    func answer(with status: Int?, onlyResults: Bool = false) {
        shared.state.withLock { $0.mood = status.map { ($0, onlyResults) } }
    }

    func stop() async {
        gate.open()
        polling.open()
        await server.stop()
    }

    private static func submit(_ request: StubRequest, _ shared: Shared) -> StubReply {
        let body = (try? JSONValue(parsing: request.body)) ?? .null
        let key = body["key"]?.stringValue ?? ""
        let (id, isAnswered): (String?, Bool) = shared.state.withLock { state in
            state.submissions += 1
            if state.lost > 0 {
                state.lost -= 1
                return (nil, false)
            }
            if state.unanswered == 0, state.refused > 0 {
                state.refused -= 1
                return (nil, true)
            }
            if let known = state.jobs.first(where: { $0.key == key && !key.isEmpty }) { return (known.id, true) }
            let id = "job-\(state.jobs.count + 1)"
            state.jobs.append(
                Job(
                    id: id, names: body["names"]?.arrayValue?.compactMap(\.stringValue) ?? [], key: key,
                    callback: body["callback"]?.stringValue))
            defer { state.unanswered = max(0, state.unanswered - 1) }
            return (id, state.unanswered == 0)
        }
        shared.gate.pass()
        guard isAnswered else { return .reset }
        guard let id else { return .status(503) }
        return .json(JSONValue.object(["id": .string(id)]).description)
    }

    private static func answer(_ request: StubRequest, _ path: [String], _ state: inout State) -> StubReply {
        if let mood = state.mood, !mood.isForResults || path.last == "result" { return .status(mood.status) }
        if path.count == 1 {
            state.lookups += 1
            let key = request.target.split(separator: "=").last.map(String.init) ?? ""
            let found = state.jobs.filter { $0.key == key }.map { JSONValue.object(["id": .string($0.id)]) }
            return .json(JSONValue.object(["jobs": .array(found)]).description)
        }
        guard let place = state.jobs.firstIndex(where: { $0.id == path[1] }) else { return .status(404) }
        switch (request.method, path.count > 2 ? path[2] : "") {
        case ("DELETE", _): state.jobs[place].aborted += 1
        case ("POST", "cleanup"): state.jobs[place].cleaned += 1
        case (_, "result"):
            state.jobs[place].fetched += 1
            let results = state.jobs[place].names.map { name in
                JSONValue.object(["name": .string(name), "legal_name": .string("\(name) GmbH")])
            }
            return .json(JSONValue.object(["results": .array(results)]).description)
        default:
            state.jobs[place].polls += 1
            let polls = state.jobs[place].polls
            let (status, percent) =
                switch state.course {
                case .done(let last): polls >= last ? ("completed", 100) : ("running", polls)
                case .fails: ("error", 0)
                case .endless: ("running", polls)
                case .stuck: ("running", 0)
                }
            return .json(
                JSONValue.object(["status": .string(status), "percent": .number(JSONNumber(percent))]).description)
        }
        return .status(204)
    }
}
