import JSON
import Outbound

/// An answer of intake that says no: problem details (RFC 9457), or whatever else stands in its place.
struct ProblemAnswer {
    private static let textMax = 300
    /// What shows the ids that there are, where intake does not name them itself, by the path of one of them.
    private static let listing = [
        (path: "/activity-requests/", remedy: requests), (path: "/workflow-requests/", remedy: requests),
        (path: "/runs/", remedy: "Check the id; a run of another organization takes a key of that one"),
        (path: "/deliveries/", remedy: "'weir webhook deliveries ENDPOINT' shows the ids"),
        (
            path: "/secrets/",
            remedy: "'weir webhook list' shows the endpoints, 'weir webhook secret list ENDPOINT' the secrets"
        ),
    ]
    private static let requests =
        "'weir list' shows your requests, 'weir list --workflows' those for workflows; one of another organization takes a key of that one"

    private let status: Int
    private let body: JSONValue?
    private let text: String

    init(_ answer: OutboundResponse) {
        status = answer.status
        body = try? JSONValue(parsing: answer.body)
        text = String(decoding: answer.body.prefix(Self.textMax), as: UTF8.self)
    }

    /// What a person reads: the detail, then each path with its message.
    func error(url: String) -> CommandError {
        guard let body, let detail = body["detail"]?.stringValue ?? body["title"]?.stringValue else {
            return CommandError(
                "\(url) answered HTTP \(status), and not as Weir's intake does"
                    + (text.isEmpty ? "" : ": \(TerminalText.safe(text))"),
                remedy: "Check that --url or WEIR_URL names Weir's intake")
        }
        let details = Self.violations(body).map(OptionNames.inPlaceOfPath)
        // What the client did wrong needs no more words; what is wrong with the service names it.
        let who = status >= 500 ? "weir-intake answered \(status): " : ""
        return CommandError(
            who + OptionNames.inPlaceOfPath(TerminalText.safe(Self.withoutStop(detail))) + Self.code(body),
            details: details, remedy: remedy(url: url),
            httpStatus: self.status, status: self.status == 503 ? .unreachable : .failure)
    }

    /// The lines about a command that a consumer rejected: its reason is problem details, or words.
    static func rejectionLines(code: String, reason: String) -> [String] {
        guard let body = try? JSONValue(parsing: reason), let detail = body["detail"]?.stringValue else {
            return [TerminalText.safe("\(code): \(reason)")]
        }
        return [TerminalText.safe(withoutStop(detail)) + Self.code(body)] + violations(body)
    }

    private static func code(_ body: JSONValue) -> String {
        body["code"]?.stringValue.map { " (\(TerminalText.safe($0)))" } ?? ""
    }

    /// Each path with its message; nothing where the only one says what the detail has said already.
    private static func violations(_ body: JSONValue) -> [String] {
        let items = body["errors"]?.arrayValue ?? []
        if items.count == 1, let message = items[0]["message"]?.stringValue, let detail = body["detail"]?.stringValue,
            detail.contains(withoutStop(message))
        {
            return []
        }
        return items.map { item in
            let path = item["path"]?.stringValue ?? "?"
            return TerminalText.safe("\(path): \(item["message"]?.stringValue ?? item.description)")
        }
    }

    private static func withoutStop(_ text: String) -> String {
        text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    private func remedy(url: String) -> String? {
        switch body?["code"]?.stringValue {
        case "result_not_ready": "'weir status REQUEST' shows how far it is"
        case "not_found": Self.listing.first { url.contains($0.path) }?.remedy
        default: status == 401 ? "Check --api-key or WEIR_API_KEY; 'weir key list' shows which keys there are" : nil
        }
    }
}
