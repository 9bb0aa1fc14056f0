import Exchanges
import JSON
import Sources

/// One step of a trial with everything that was sent and received.
struct TrialStep: Sendable {
    /// What is told of a body at most, to people and to programs.
    static let bodyShownMax = 2_000
    static let bodyKeptMax = 64 << 10

    let step: SourceStep
    let calls: [ObservedCall]
    /// What it came to, a sentence.
    let outcome: String
    let isSuccess: Bool
    /// Whether the same was asked before and only its outcome is of interest.
    var isRepeated = false

    /// Header fields of answers that people look for.
    private static let telling: Set = [
        "content-type", "link", "location", "retry-after", "www-authenticate", "x-request-id", "request-id",
    ]

    /// In lines for people.
    func lines(style: TextStyle) -> [String] {
        let mark = isSuccess ? style.green("✓") : style.red("✗")
        let end = "\(mark) \(step.rawValue): \(TerminalText.safe(outcome))"
        if isRepeated { return [end] }
        return calls.flatMap { lines(of: $0, style) } + [end]
    }

    private func lines(of call: ObservedCall, _ style: TextStyle) -> [String] {
        let isToken = call.purpose == .token
        let about = isToken ? " (for a token)" : ""
        var lines = ["→ \(style.bold("\(call.method) \(TerminalText.safe(call.url))"))\(about)"]
        lines += call.headers.map { "    \(Self.text($0))" }
        if let body = call.body, !isToken { lines += Self.body(body) }
        let time = DurationText.of(microseconds: Int64(call.milliseconds * 1000))
        guard let answer = call.answer else {
            return lines + ["← \(style.red(TerminalText.safe(call.error ?? "no answer"))) after \(time)"]
        }
        let size = isToken ? "" : ", \(answer.body.count) bytes"
        lines.append("← \(style.bold("HTTP \(answer.status)")) in \(time)\(size)")
        lines += answer.headers.filter(Self.isTelling).map { "    \(Self.text($0))" }
        return isToken ? lines : lines + Self.body(answer.body)
    }

    private static func isTelling(_ header: ObservedCall.Header) -> Bool {
        let name = header.name.lowercased()
        return telling.contains(name) || name.contains("ratelimit") || name.contains("rate-limit")
    }

    private static func text(_ header: ObservedCall.Header) -> String {
        TerminalText.safe("\(header.name.lowercased()): \(header.value)")
    }

    private static func body(_ body: [UInt8]) -> [String] {
        guard !body.isEmpty else { return [] }
        let text = String(decoding: body.prefix(bodyShownMax), as: UTF8.self)
        let rest = body.count - bodyShownMax
        return text.split(whereSeparator: \.isNewline).map { "    \(TerminalText.safe(String($0)))" }
            + (rest > 0 ? ["    … \(rest) bytes more"] : [])
    }
}

extension TrialStep {
    /// For programs.
    var json: JSONValue {
        [
            "step": .string(step.rawValue), "outcome": .string(outcome), "success": .bool(isSuccess),
            "calls": .array(calls.map(Self.json)),
        ]
    }

    private static func json(_ call: ObservedCall) -> JSONValue {
        var request: JSONObject = [
            "method": .string(call.method), "url": .string(call.url), "headers": json(call.headers),
        ]
        if call.purpose == .step { request["body"] = call.body.map(text) }
        var json: JSONObject = [
            "purpose": call.purpose == .token ? "token" : "step", "request": .object(request),
            "milliseconds": .number(JSONNumber(Int(call.milliseconds.rounded()))),
        ]
        json["response"] = call.answer.map { answer in
            var response: JSONObject = [
                "status": .number(JSONNumber(answer.status)), "headers": Self.json(answer.headers),
            ]
            if call.purpose == .step {
                response["body_bytes"] = .number(JSONNumber(answer.body.count))
                response["body"] = text(answer.body)
            }
            return .object(response)
        }
        json["error"] = call.error.map { .string($0) }
        return .object(json)
    }

    private static func json(_ headers: [ObservedCall.Header]) -> JSONValue {
        .array(headers.map { ["name": .string($0.name), "value": .string($0.value)] })
    }

    /// The beginning of a body; `body_bytes` tells whether there is more.
    private static func text(_ body: [UInt8]) -> JSONValue {
        .string(String(decoding: body.prefix(bodyKeptMax), as: UTF8.self))
    }
}
