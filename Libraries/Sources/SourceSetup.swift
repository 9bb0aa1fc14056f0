/// How a source's API is called: credentials, bounds, pages, what answers mean, jobs. All of `source.setup`.
public struct SourceSetup: Sendable, Hashable {
    /// How many calls may be in flight at once, over all executors.
    public var concurrency: Int
    /// How many calls may begin in a stretch of time, over all executors; nil: as many as the concurrency lets through.
    public var rate: CallRate?
    /// The key of the limit that this source shares with others; nil: none.
    public var rateGroup: String?
    /// How long one HTTP call may take, in milliseconds.
    public var timeoutMilliseconds: Int
    /// How long a run may wait for its turn, its tries and the waits between them, in milliseconds; nil: as long as its request may take.
    public var runTimeoutMilliseconds: Int?
    /// The longest answer that is read, in bytes; of all pages together.
    public var responseBytesMax: Int
    /// When an exchange is tried again.
    public var retry: RetryPolicy
    /// How the API is told who calls.
    public var authentication: Authentication
    /// How the next page is asked for; nil: an answer is one page.
    public var pagination: Pagination?
    /// What answers mean, in the order in which the rules are tried.
    public var responseRules: [ResponseRule]
    /// How the API's jobs work; nil: it answers at once.
    public var job: AsynchronousJob?

    /// A setup; what is left out has its documented default.
    public init(
        concurrency: Int = 16, rate: CallRate? = nil, rateGroup: String? = nil, timeoutMilliseconds: Int = 30_000,
        runTimeoutMilliseconds: Int? = nil, responseBytesMax: Int = 10 << 20, retry: RetryPolicy = RetryPolicy(),
        authentication: Authentication = .none, pagination: Pagination? = nil, responseRules: [ResponseRule] = [],
        job: AsynchronousJob? = nil
    ) {
        self.concurrency = concurrency
        self.rate = rate
        self.rateGroup = rateGroup
        self.timeoutMilliseconds = timeoutMilliseconds
        self.runTimeoutMilliseconds = runTimeoutMilliseconds
        self.responseBytesMax = responseBytesMax
        self.retry = retry
        self.authentication = authentication
        self.pagination = pagination
        self.responseRules = responseRules
        self.job = job
    }
}
