import JSON
import Outbound

/// An answer of intake that says no: problem details (RFC 9457), or whatever else stands in its place.
struct ProblemAnswer {
    private static let textMax = 300

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
                "\(url) answered \(status) without problem details: \(TerminalText.safe(text))",
                remedy: "Check that --url or WEIR_URL names Weir's intake")
        }
        let details = Self.violations(body)
        // What the client did wrong needs no more words; what is wrong with the service names it.
        let who = status >= 500 ? "weir-intake answered \(status): " : ""
        return CommandError(
            who + TerminalText.safe(Self.withoutStop(detail)) + Self.code(body), details: details, remedy: remedy,
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

    private var remedy: String? {
        switch body?["code"]?.stringValue {
        case "result_not_ready": "'weir status REQUEST' shows how far it is"
        default: status == 401 ? "Check --api-key or WEIR_API_KEY; 'weir key list' shows which keys there are" : nil
        }
    }
}
