import Glibc
import JSON
import Synchronization

/// A third-party API that knows every object, counts the calls for each, and misbehaves where a test says so.
///
/// `GET /objects/NAME` answers `{"data": {"name": NAME, "profile": {…}}}`, and so does any other path that ends in the name.
/// `GET /find` and `GET /find/again` answer `{"results": […]}` with the companies that a test has founded, in its order.
/// `POST /search` with `{"names": [NAME, …]}` answers `{"results": [{"name": NAME, "profile": {…}}, …]}`, the last name first.
final class StubAPI: Sendable {
    private struct State {
        var calls: [String: Int] = [:]
        var scripts: [String: [StubReply]] = [:]
        var noteBytes = 0
        var headers: Set<String> = []
        var targets: [String] = []
        var searches: [[String]] = []
        var unknown: Set<String> = []
        var companies: [String: [Company]] = [:]
    }

    /// A company that can be found.
    struct Company: Sendable {
        let name: String
        var employees = 42
        var industry = "weirs"
    }

    private let server: StubServer
    private let shared: Shared

    private final class Shared: Sendable {
        let state = Mutex(State())
        let gate = Gate()
        let meter = CallMeter()
        let slowness = Mutex(Duration.zero)

        /// Counts a call and takes its time.
        func take() {
            meter.count {
                gate.pass()
                let slowness = slowness.withLock { $0 }
                // A call has to last for calls to be in flight at once.
                if slowness > .zero { usleep(UInt32(slowness / .microseconds(1))) }
            }
        }
    }

    init() throws {
        let shared = Shared()
        self.shared = shared
        server = try StubServer { request in
            if request.method == "POST" { return Self.search(request, shared) }
            if request.target.hasPrefix("/find") { return Self.find(request, shared) }
            let name = request.lastComponent
            let (reply, noteBytes) = shared.state.withLock { state in
                let call = state.calls[name, default: 0]
                state.calls[name] = call + 1
                state.headers.formUnion(request.headers.keys)
                state.targets.append(request.target)
                let script = state.scripts[name] ?? []
                return (script.isEmpty ? nil : script[min(call, script.count - 1)], state.noteBytes)
            }
            shared.take()
            return reply ?? .json(Self.answer(name, noteBytes: noteBytes))
        }
    }

    var url: String { server.url }

    /// Holds calls before they are answered.
    var gate: Gate { shared.gate }

    /// How many calls there are at once, and when they come.
    var meter: CallMeter { shared.meter }

    /// Takes this long for every call, with the call still counted.
    func slow(by duration: Duration) {
        shared.slowness.withLock { $0 = duration }
    }

    /// Calls so far, by object.
    var calls: [String: Int] { shared.state.withLock { $0.calls } }

    /// The lower-case names of all header fields that came so far.
    var headers: Set<String> { shared.state.withLock { $0.headers } }

    /// Paths of the calls about single objects, in their order.
    var targets: [String] { shared.state.withLock { $0.targets } }

    /// The names in each search so far.
    var searches: [[String]] { shared.state.withLock { $0.searches } }

    /// What is found at a path, `/find` or `/find/again`.
    func found(_ companies: [Company], at path: String = "/find") {
        shared.state.withLock { $0.companies[path] = companies }
    }

    /// Leaves objects out of the answers to searches.
    func forget(_ names: some Sequence<String>) {
        shared.state.withLock { $0.unknown.formUnion(names) }
    }

    /// How it answers about one object: the first call, the second, …, and all later ones like the last. A search is as late as the
    /// first answer about the latest of its objects.
    func script(_ object: String, _ replies: [StubReply]) {
        shared.state.withLock { $0.scripts[object] = replies }
    }

    /// Gives every answer a note of so many bytes.
    func lengthenNotes(to bytes: Int) {
        shared.state.withLock { $0.noteBytes = bytes }
    }

    func stop() async {
        gate.open()
        await server.stop()
    }

    private static func search(_ request: StubRequest, _ shared: Shared) -> StubReply {
        let body = (try? JSONValue(parsing: request.body)) ?? .null
        let names = body["names"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let (known, delay) = shared.state.withLock { state in
            for name in names { state.calls[name, default: 0] += 1 }
            state.searches.append(names)
            let delay = names.compactMap { state.scripts[$0]?.first?.delay }.max() ?? .zero
            return (names.filter { !state.unknown.contains($0) }, delay)
        }
        let noteBytes = shared.state.withLock { $0.noteBytes }
        shared.take()
        let results = known.reversed().map { name in
            JSONValue.object(["name": .string(name), "profile": profile(of: name, noteBytes: noteBytes)])
        }
        return .late(by: delay, .json(JSONValue.object(["results": .array(Array(results))]).description))
    }

    private static func find(_ request: StubRequest, _ shared: Shared) -> StubReply {
        let path = String(request.target.prefix { $0 != "?" })
        let companies = shared.state.withLock { state in
            state.targets.append(request.target)
            return state.companies[path] ?? []
        }
        shared.gate.pass()
        let results = companies.map { company in
            JSONValue.object([
                "name": .string(company.name),
                "profile": [
                    "legal_name": .string("\(company.name) GmbH"), "industry": .string(company.industry),
                    "employees": .number(JSONNumber(company.employees)),
                ],
            ])
        }
        return .json(JSONValue.object(["results": .array(results)]).description)
    }

    /// An answer that is right in every way; `members` go into its data, beside the profile.
    static func answer(_ name: String, members: String = "", noteBytes: Int = 0) -> String {
        let profile = profile(of: name, noteBytes: noteBytes)
        return #"{"data":{"name":\#(JSONValue.string(name)),"profile":\#(profile)\#(members)}}"#
    }

    private static func profile(of name: String, noteBytes: Int) -> JSONValue {
        [
            "legal_name": .string("\(name) GmbH"), "industry": "weirs", "employees": 42, "founded": 1889,
            "note": .string(String(repeating: "n", count: noteBytes)),
        ]
    }
}
