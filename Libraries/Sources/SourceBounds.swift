/// The bounds of what a source declares; a catalogue and a stored setup are held to the same ones.
public enum SourceBounds {
    /// How many calls may be in flight at once.
    public static let concurrency = 1...1024
    /// How many calls may begin in the stretch of a ``CallRate``.
    public static let calls = 1...1_000_000
    /// The stretch of a ``CallRate``, in milliseconds: up to an hour.
    public static let perMilliseconds = 1...3_600_000
    /// How long one HTTP call may take, in milliseconds: up to 10 minutes.
    public static let timeoutMilliseconds = 100...600_000
    /// How long a run may take, in milliseconds: up to 30 days.
    public static let runTimeoutMilliseconds = 1000...2_592_000_000
    /// The longest answer, in bytes: 1 KiB to 256 MiB.
    public static let responseBytes = 1 << 10...256 << 20
    /// Tries in all.
    public static let retryAttempts = 1...20
    /// The first wait before another try, in milliseconds.
    public static let retryBaseMilliseconds = 10...60_000
    /// The longest wait before another try, in milliseconds.
    public static let retryMaxMilliseconds = 10...3_600_000
    /// Form fields of a request for a token.
    public static let tokenParameters = 0...32
    /// The first page's number, and how many items come before the first page.
    public static let pageStart = 0...1_000_000
    /// How far an offset moves from page to page.
    public static let pageSize = 1...100_000
    /// Pages of one exchange.
    public static let pagesMax = 1...10_000
    /// Rules about answers.
    public static let responseRules = 0...64
    /// Statuses that an answer can end with.
    public static let status = 200...599
    /// Statuses, or values, that one condition lists.
    public static let alternatives = 1...64
    /// How long a rule puts work off, in milliseconds: up to 24 hours.
    public static let afterMilliseconds = 1000...86_400_000
    /// Waits between polls, in milliseconds: up to an hour.
    public static let pollMilliseconds = 100...3_600_000
    /// How long a job may take, or be without progress, in milliseconds: up to 30 days.
    public static let jobMilliseconds = 1000...2_592_000_000
    /// The longest text, in bytes of UTF-8.
    public static let textBytes = 4096
    /// The longest name of a header field, parameter or form field, in bytes.
    public static let nameBytes = 256
    /// The longest reason of a rule, in bytes of UTF-8.
    public static let reasonBytes = 500
}
