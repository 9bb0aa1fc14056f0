import Sources
import Store

/// What a step of a job came to, as it is recorded.
enum JobOutcome: Sendable {
    /// The API has taken the job.
    case submitted(SubmittedJob)
    /// Nobody knows whether it has.
    case unknown(UnknownSubmission)
    /// It goes on later.
    case progress(JobProgress)
    /// The result is there, or there will be none; then the job is followed to its end.
    case over(RecordedOutcome, calls: [CallLog], then: DueJob.Phase?)
    /// Nothing is left to do.
    case end(JobClaim)
}
