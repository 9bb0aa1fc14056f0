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
        /// Answers 200 without a byte.
        case empty
        /// Sends the caller to `location`.
        case redirect
        /// Answers as usual, a byte each `milliseconds`.
        case slowBody = "slow_body"
        /// Answers 200 with text that does not end.
        case endlessBody = "endless_body"
        /// Answers 200 with few bytes that unpack to very many.
        case gzipBomb = "gzip_bomb"
        /// Does what is asked for, and breaks the connection in the middle of the answer.
        case cutBody = "cut_body"
        /// Breaks the connection instead of doing what is asked for.
        case lostCall = "lost_call"
        /// Gives the cursor of the page that was asked for as that of the next one.
        case repeatedCursor = "repeated_cursor"
        /// Gives the first page whichever is asked for.
        case samePage = "same_page"
        /// Says that the next page is at `location`.
        case foreignPage = "foreign_page"
        /// Takes a submission and does not say under which id.
        case noJobID = "no_job_id"
        /// A job of the next submission ends with an error.
        case jobFails = "job_fails"
        /// A job of the next submission stays where it is.
        case jobHangs = "job_hangs"
        /// A job of the next submission begins anew after each poll.
        case jobLosesProgress = "job_loses_progress"
        /// A job of the next submission is forgotten after its first poll.
        case jobIsLost = "job_is_lost"
        /// The results of a job of the next submission are about others.
        case jobNamesOthers = "job_names_others"
        /// Somebody calls back about a job of the next submission who does not know its address, only one like it.
        case forgedCallback = "forged_callback"

        /// Those that are about a whole job.
        static let ofJobs: Set<Kind> = [
            .jobFails, .jobHangs, .jobLosesProgress, .jobIsLost, .jobNamesOthers, .forgedCallback,
        ]
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
    var location: String

    /// What tells a cloud's machine its secrets: the address that no outsider should make anybody call.
    private static let metadataAddress = "http://169.254.169.254/latest/meta-data/"

    enum CodingKeys: CodingKey {
        case kind, times, path, status, retryAfter, retryAfterForm, milliseconds, code, location
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
        location = try values.decodeIfPresent(String.self, forKey: .location) ?? Self.metadataAddress
        guard (1...1_000_000).contains(times), (200...599).contains(status), (0...600_000).contains(milliseconds) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath, debugDescription: "times, status or milliseconds is out of bounds"))
        }
    }
}
