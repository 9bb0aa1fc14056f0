import Foundation

/// What came in.
struct StubRequest: Sendable {
    let method: String
    /// The path and the query, percent-encoded as they came.
    let target: String
    /// By lower-case name.
    let headers: [String: String]
    let body: [UInt8]

    /// What stands behind the last slash of the path.
    var lastComponent: String {
        let path = target.prefix { $0 != "?" }
        let component = String(path.split(separator: "/").last ?? "")
        return component.removingPercentEncoding ?? component
    }
}

/// What a stub does about it.
enum StubReply: Sendable {
    /// A whole answer.
    case answer(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8])
    /// A body of so many bytes, with its length in the header or without.
    case flood(bytes: Int, isAnnounced: Bool)
    /// Another reply, after a while.
    indirect case late(by: Duration, StubReply)
    /// Nothing, until the caller gives up.
    case silence
    /// The connection is reset.
    case reset

    /// How late it is.
    var delay: Duration {
        guard case .late(let delay, _) = self else { return .zero }
        return delay
    }

    /// A JSON answer with success.
    static func json(_ text: String) -> StubReply {
        .answer(status: 200, headers: [("content-type", "application/json")], body: Array(text.utf8))
    }

    /// An empty answer with a status.
    static func status(_ status: Int, headers: [(name: String, value: String)] = []) -> StubReply {
        .answer(status: status, headers: headers, body: [])
    }
}
