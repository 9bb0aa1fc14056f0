import Synchronization

/// The jobs of the batch API. A job moves on with each poll, so that tests need no clock.
final class JobBook: Sendable {
    enum Status: String, Sendable, Encodable {
        case queued, running, completed, error, aborted
    }

    struct Job: Sendable {
        let id: String
        let key: String?
        let companies: [String]
        let callbackURL: String?
        /// What goes wrong about it; nil: nothing.
        let flaw: Misbehavior.Kind?
        let pollsNeeded: Int
        var polls = 0
        var status = Status.queued

        /// 0 to 100.
        var progress: Int {
            switch status {
            case .queued: 0
            case .completed: 100
            case .running, .error, .aborted: min(95, polls * 100 / (pollsNeeded + 1))
            }
        }
    }

    private struct State {
        var jobs: [String: Job] = [:]
        var idsByKey: [String: String] = [:]
        var count = 0

        mutating func remove(_ job: Job) {
            jobs[job.id] = nil
            if let key = job.key { idsByKey[key] = nil }
        }
    }

    private let state = Mutex(State())

    /// Takes a submission; one with a key that was there before gives the job of that time.
    func submit(
        key: String?, companies: [String], callbackURL: String?, flaw: Misbehavior.Kind?, pollsNeeded: Int
    ) -> (job: Job, isNew: Bool) {
        state.withLock { state in
            if let key, let id = state.idsByKey[key], let job = state.jobs[id] { return (job, false) }
            state.count += 1
            let job = Job(
                id: "b-\(state.count)", key: key, companies: companies, callbackURL: callbackURL, flaw: flaw,
                pollsNeeded: pollsNeeded)
            state.jobs[job.id] = job
            if let key { state.idsByKey[key] = job.id }
            return (job, true)
        }
    }

    /// Looks at a job, which moves it on.
    func poll(_ id: String) -> Job? {
        state.withLock { state in
            guard var job = state.jobs[id] else { return nil }
            if job.flaw == .jobIsLost, job.polls >= 1 {
                state.remove(job)
                return nil
            }
            if job.status == .queued || job.status == .running { Self.moveOn(&job) }
            state.jobs[id] = job
            return job
        }
    }

    private static func moveOn(_ job: inout Job) {
        switch job.flaw {
        case .jobHangs, .jobIsLost:
            job.polls = 1
            job.status = .running
        case .jobLosesProgress:
            job.polls = (job.polls + 1) % 3
            job.status = job.polls == 0 ? .queued : .running
        case .jobFails where job.polls >= 1:
            job.status = .error
        default:
            job.polls += 1
            job.status = job.polls >= job.pollsNeeded ? .completed : .running
        }
    }

    /// Looks at a job without moving it on.
    func job(_ id: String) -> Job? { state.withLock { $0.jobs[id] } }

    /// The job of a submission's key.
    func job(key: String) -> Job? { state.withLock { state in state.idsByKey[key].flatMap { state.jobs[$0] } } }

    /// Ends a job before its time, or at it: the status says how.
    func end(_ id: String, as status: Status) -> Job? {
        state.withLock { state in
            guard var job = state.jobs[id] else { return nil }
            if job.status == .queued || job.status == .running { job.status = status }
            state.jobs[id] = job
            return job
        }
    }

    /// Removes a job with all that belongs to it.
    func remove(_ id: String) -> Bool {
        state.withLock { state in
            guard let job = state.jobs[id] else { return false }
            state.remove(job)
            return true
        }
    }
}
