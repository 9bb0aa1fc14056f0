import JSON

/// An error as a client sees it: RFC 9457 problem details with a stable code, listed in `docs/errors.md`.
public struct Problem: Error, Sendable, Equatable {
    /// One thing that is wrong at one place of the request.
    public struct Violation: Sendable, Equatable {
        /// The JSON path of the place, such as `$.objects[3]`.
        public let path: String
        /// What is wrong there, and what to do.
        public let message: String

        /// A violation at a path.
        public init(path: String, message: String) {
            self.path = path
            self.message = message
        }
    }

    /// The stable code, such as `unknown_activity`.
    public let code: String
    /// The HTTP status that fits.
    public let status: Int
    /// The code in words, the same for every occurrence.
    public let title: String
    /// What happened this time, and what to do.
    public let detail: String
    /// Every place of the request that is wrong.
    public let violations: [Violation]

    /// A problem of one occurrence.
    public init(code: String, status: Int, title: String, detail: String, violations: [Violation] = []) {
        self.code = code
        self.status = status
        self.title = title
        self.detail = detail
        self.violations = violations
    }

    /// The body of an `application/problem+json` answer.
    public func encoded() -> [UInt8] {
        var body: JSONObject = [
            "type": .string("https://weir.dev/errors/\(code)"),
            "title": .string(title),
            "status": .number(JSONNumber(status)),
            "detail": .string(detail),
            "code": .string(code),
        ]
        if !violations.isEmpty {
            body["errors"] = .array(violations.map { ["path": .string($0.path), "message": .string($0.message)] })
        }
        return JSONValue.object(body).encoded()
    }
}
