/// How an API goes wrong about the next calls. Planned with `POST /control/<api>/misbehaviors`, worked off in order.
struct Misbehavior: Sendable, Decodable {
    enum Kind: String, Sendable, Decodable {
        /// Answers with `status`, and with `retry_after` seconds if that is given.
        case status
        /// Waits `milliseconds` and answers as usual.
        case delay
        /// Answers 200 with a page for people.
        case notJSON = "not_json"
        /// Answers 200 with an error inside, of the given `code`.
        case errorInside = "error_inside"
        /// Answers as usual, a byte each `milliseconds`.
        case slowBody = "slow_body"
        /// Gives the cursor of the page that was asked for as that of the next one.
        case repeatedCursor = "repeated_cursor"
        /// A job of the next submission ends with an error.
        case jobFails = "job_fails"
        /// A job of the next submission stays where it is.
        case jobHangs = "job_hangs"
        /// A job of the next submission begins anew after each poll.
        case jobLosesProgress = "job_loses_progress"
    }

    /// How `Retry-After` is written (RFC 9110, section 10.2.3).
    enum RetryAfterForm: String, Sendable, Decodable {
        case seconds, date
    }

    var kind: Kind
    /// How many calls it is about.
    var times: Int
    /// Only calls whose path contains this; nil: any.
    var path: String?
    var status: Int
    var retryAfter: Int?
    var retryAfterForm: RetryAfterForm
    var milliseconds: Int
    var code: String

    enum CodingKeys: CodingKey {
        case kind, times, path, status, retryAfter, retryAfterForm, milliseconds, code
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        kind = try values.decode(Kind.self, forKey: .kind)
        times = try values.decodeIfPresent(Int.self, forKey: .times) ?? 1
        path = try values.decodeIfPresent(String.self, forKey: .path)
        status = try values.decodeIfPresent(Int.self, forKey: .status) ?? 503
        retryAfter = try values.decodeIfPresent(Int.self, forKey: .retryAfter)
        retryAfterForm = try values.decodeIfPresent(RetryAfterForm.self, forKey: .retryAfterForm) ?? .seconds
        milliseconds = try values.decodeIfPresent(Int.self, forKey: .milliseconds) ?? 1_000
        code = try values.decodeIfPresent(String.self, forKey: .code) ?? "RATE_LIMITED"
        guard (1...1_000_000).contains(times), (200...599).contains(status), (0...600_000).contains(milliseconds) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath, debugDescription: "times, status or milliseconds is out of bounds"))
        }
    }
}
