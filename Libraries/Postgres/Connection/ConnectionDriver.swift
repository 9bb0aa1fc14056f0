internal import CLibPQ

/// Drives one session on its thread: connects, sends, reads. Everything here may block that thread, nothing else runs on it.
///
/// The session stays in pipeline mode; scripts and COPY leave it and come back.
final class ConnectionDriver {
    var handle: ConnectionHandle
    let environment: ConnectionEnvironment
    var cache: StatementCache
    var pointers = ConnectionHandle.ParameterPointers()
    var isCopying = false
    /// How many statements the flight has that is under way; nil where nobody knows.
    var statementsDue: Int?
    /// Why the session is of no more use. Once set, nothing is sent any more.
    private(set) var breakage: PostgresError?
    private let notified: (_ channel: String, _ payload: String) -> Void

    /// Connects and enters pipeline mode. `isClosing` is asked whenever `wake` is signalled.
    init(
        _ environment: ConnectionEnvironment, wake: borrowing WakeDescriptor, isClosing: () -> Bool,
        notified: @escaping (_ channel: String, _ payload: String) -> Void
    ) throws(PostgresError) {
        self.environment = environment
        self.notified = notified
        cache = StatementCache(capacity: environment.statementCacheMax)
        handle = try ConnectionHandle(starting: environment.parameters, logger: environment.logger)
        try finishConnecting(wake, isClosing)
        guard handle.setNonblocking(), handle.enterPipelineMode() else {
            throw PostgresError(.connection, handle.errorMessage)
        }
    }

    private func finishConnecting(_ wake: borrowing WakeDescriptor, _ isClosing: () -> Bool) throws(PostgresError) {
        guard !handle.isBroken else { throw PostgresError(.connection, handle.errorMessage) }
        let deadline = ContinuousClock.now + environment.connectTimeout
        // libpq wants to be treated as if it had asked to write first.
        var progress = ConnectionHandle.ConnectProgress.wantsWrite
        while progress != .connected {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else {
                throw PostgresError(.connection, "no connection within \(environment.connectTimeout)")
            }
            let isWriting = progress == .wantsWrite
            let ready = PollSet.wait(
                socket: handle.socket, reading: !isWriting, writing: isWriting, wake: wake.descriptor, timeout: left)
            if ready.woken {
                wake.reset()
                guard !isClosing() else { throw PostgresError(.poolClosed, "closed while connecting") }
            }
            guard ready.readable || ready.writable else { continue }
            progress = handle.connectPoll()
            guard progress != .failed else { throw PostgresError(.connection, handle.errorMessage) }
        }
    }

    /// Does the work of a flight. If `breakage` is set afterwards, the session is lost.
    func perform(_ work: Flight.Work) -> Flight.Outcome {
        if let breakage { return .failure(breakage) }
        switch work {
        case .pipeline(let pipeline, let begins, let commits):
            return fly(pipeline, begins: begins, commits: commits)
        case .rollback: return rollBack()
        case .script(let sql): return runScript(sql)
        case .copyBegin(let sql): return beginCopy(sql)
        case .copyData(let bytes): return sendCopy(bytes)
        case .copyEnd(let reason): return endCopy(abortingBecause: reason)
        case .release: return .success([])
        case .disconnect(let reason):
            breakDown(reason)
            return .success([])
        }
    }

    /// Makes the session fit for another caller: ends what is open.
    func tidyUp() {
        guard breakage == nil else { return }
        if isCopying || !handle.isIdle { _ = rollBack() }
        if breakage == nil, !handle.isIdle {
            breakDown(PostgresError(.connection, "the session did not come out of its transaction"))
        }
    }

    /// Reads what came without being asked for. False if the session is lost.
    func readUnasked() -> Bool {
        guard handle.consumeInput(), !handle.isBroken else {
            breakDown(PostgresError(.connection, handle.errorMessage))
            return false
        }
        _ = handle.isBusy  // Parses the input, so that notices and notifications come out.
        drainNotifications()
        return true
    }

    // MARK: Exchange

    enum Progress {
        case more, finished
        case violation(PostgresError)
    }

    /// Sends what is buffered and hands over what comes back, until `receive` has all it wants. False if the session is lost.
    ///
    /// Both directions are served at once: with large values either side would wait for the other otherwise
    /// (https://www.postgresql.org/docs/15/libpq-async.html, PQflush).
    func exchange(_ receive: (OpaquePointer?) -> Progress) -> Bool {
        environment.counters.roundTrip()
        while true {
            let flushed = handle.flush()
            while !handle.isBusy {
                let result = handle.nextResult()
                switch receive(result) {
                case .more: break
                case .finished:
                    drainNotifications()
                    return true
                case .violation(let error):
                    breakDown(error)
                    return false
                }
                if result == nil, handle.isBroken { break }
            }
            guard flushed != .broken, !handle.isBroken else {
                breakDown(PostgresError(.connection, handle.errorMessage, isKnownNotApplied: false))
                return false
            }
            guard let ready = waitForServer(writing: flushed == .wantsWrite, isKnownNotApplied: false) else {
                return false
            }
            if ready.readable, !handle.consumeInput() {
                // What arrived before the end is still worth reading: it says why.
                while !handle.isBusy, let result = handle.nextResult() { _ = receive(result) }
                breakDown(PostgresError(.connection, handle.errorMessage, isKnownNotApplied: false))
                return false
            }
        }
    }

    /// Sends what is buffered while no answer is due. False if the session is lost.
    func flushAll() -> Bool {
        while true {
            switch handle.flush() {
            case .done: return true
            case .broken:
                breakDown(PostgresError(.connection, handle.errorMessage))
                return false
            case .wantsWrite: break
            }
            guard let ready = waitForServer(writing: true, isKnownNotApplied: true) else { return false }
            if ready.readable, !handle.consumeInput() {
                breakDown(PostgresError(.connection, handle.errorMessage))
                return false
            }
        }
    }

    func breakDown(_ error: PostgresError) {
        if breakage == nil { breakage = error }
    }

    private func drainNotifications() {
        while let (channel, payload) = handle.nextNotification() { notified(channel, payload) }
    }
}
