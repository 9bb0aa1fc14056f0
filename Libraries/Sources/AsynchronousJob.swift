public import JSON
public import Mapping

/// How an API works that takes an order, answers with its number, and has the result later: submit, poll, fetch.
public struct AsynchronousJob: Sendable, Hashable {
    /// What happens to a submission of which nobody knows whether it arrived.
    public enum UnknownSubmission: String, Sendable, Hashable, CaseIterable {
        /// It is sent again. Safe where the template carries `<<$submission_key>>` and the API heeds it.
        case submitAgain = "submit_again"
        /// The API is asked with `lookup_request_template`; what it does not know is sent again.
        case lookUp = "look_up"
        /// The runs fail, and a person decides.
        case fail
    }

    /// Where the answer to the submission holds the job's id.
    public var externalID: PathPattern
    /// Where the answer to a poll holds the job's status.
    public var status: PathPattern
    /// Statuses that mean that the result is there.
    public var done: [JSONValue]
    /// Statuses that mean that there will be none. All others mean: still at it.
    public var failed: [JSONValue]
    /// Where a poll's answer holds how far the job is; a change of it, or of the status, is progress. Nil: the status alone.
    public var progress: PathPattern?
    /// Where the answer to `lookup_request_template` holds the job's id; nil: as ``externalID``.
    public var lookupExternalID: PathPattern?
    /// The first wait between polls, in milliseconds; it grows by half each time.
    public var pollBaseMilliseconds: Int
    /// The longest wait between polls, in milliseconds.
    public var pollMaxMilliseconds: Int
    /// How long a job may take from its submission, in milliseconds.
    public var deadlineMilliseconds: Int
    /// How long a job may be without progress, in milliseconds; nil: as long as it likes.
    public var noProgressMilliseconds: Int?
    /// What happens to a submission of which nobody knows whether it arrived.
    public var unknownSubmission: UnknownSubmission

    /// How long a job may take unless its source says otherwise.
    public static let deadlineMillisecondsStandard = 3_600_000

    /// A kind of job.
    public init(
        externalID: PathPattern, status: PathPattern, done: [JSONValue], failed: [JSONValue] = [],
        progress: PathPattern? = nil, lookupExternalID: PathPattern? = nil, pollBaseMilliseconds: Int = 1_000,
        pollMaxMilliseconds: Int = 30_000, deadlineMilliseconds: Int = deadlineMillisecondsStandard,
        noProgressMilliseconds: Int? = nil,
        unknownSubmission: UnknownSubmission = .fail
    ) {
        self.externalID = externalID
        self.status = status
        self.done = done
        self.failed = failed
        self.progress = progress
        self.lookupExternalID = lookupExternalID
        self.pollBaseMilliseconds = pollBaseMilliseconds
        self.pollMaxMilliseconds = pollMaxMilliseconds
        self.deadlineMilliseconds = deadlineMilliseconds
        self.noProgressMilliseconds = noProgressMilliseconds
        self.unknownSubmission = unknownSubmission
    }
}
