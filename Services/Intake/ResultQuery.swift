import Contracts
import Hummingbird

/// What of a result is asked for, and in which form.
struct ResultQuery {
    enum Format: String {
        case json
        case ndjson

        var mediaType: String { self == .json ? "application/json" : "application/x-ndjson" }
    }

    /// The bounds of `limit`, and what it is unless said otherwise.
    static let limits = 1...10_000
    static let limit = 1_000

    var format = Format.json
    /// Whether to say where each value comes from.
    var isWithProvenance = false
    /// The round whose result is meant; nil for the newest.
    var round: Int?
    /// The page that is meant; nil for the whole result.
    var page: (cursor: ResultCursor?, limit: Int)?

    init(_ query: some Collection<(key: Substring, value: Substring)>) throws {
        for (name, value) in query {
            switch name {
            case "format":
                guard let format = Format(rawValue: String(value)) else {
                    throw Problem(
                        code: "unknown_format", status: 400, title: "There is no such format",
                        detail: "The format \"\(value.prefix(100))\" is unknown; known are json and ndjson.")
                }
                self.format = format
            case "provenance":
                guard let flag = Bool(String(value)) else { throw Problem.parameter(name, "true or false is needed") }
                isWithProvenance = flag
            case "round":
                guard let number = Int(value), number > 0 else {
                    throw Problem.parameter(name, "a number from 1 is needed")
                }
                round = number
            case "cursor":
                guard let cursor = ResultCursor(String(value)) else { throw Self.unknownCursor }
                page = (cursor, page?.limit ?? Self.limit)
            case "limit":
                guard let number = Int(value), Self.limits.contains(number) else {
                    throw Problem.parameter(
                        name, "a number from \(Self.limits.lowerBound) to \(Self.limits.upperBound) is needed")
                }
                page = (page?.cursor, number)
            default: continue
            }
        }
    }

    /// The form of the result in which it is given: the same words are the same bytes.
    func entityTag(round: Int) -> String {
        "\"\(round)-\(format)\(isWithProvenance ? "-provenance" : "")\""
    }

    static let unknownCursor = Problem.parameter(
        "cursor", "not a cursor of this result; take it from the page before")
}

extension Problem {
    /// A parameter of a query that cannot be used.
    static func parameter(_ name: some StringProtocol, _ message: String) -> Problem {
        Problem(
            code: "invalid_request", status: 422, title: "The request is not valid",
            detail: "?\(name): \(message)",
            violations: [.init(path: "?\(name)", message: message)])
    }
}
