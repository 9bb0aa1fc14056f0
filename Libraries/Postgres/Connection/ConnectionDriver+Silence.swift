internal import CLibPQ

/// A server that hangs takes what is sent to it, its machine acknowledges that, and no answer ever comes. No time-out of its own ends
/// that, nor one of TCP.
extension ConnectionDriver {
    /// Waits until the socket is ready.
    ///
    /// - Returns: nil if the server has stopped answering; the session is lost then.
    func waitForServer(writing: Bool, isKnownNotApplied: Bool) -> PollSet.Readiness? {
        let start = ContinuousClock.now
        while true {
            let ready = PollSet.wait(
                socket: handle.socket, writing: writing, timeout: environment.silenceTimeout)
            if ready.readable || ready.writable { return ready }
            let silence = start.duration(to: .now)
            if let longest = longestSilence, silence > longest {
                breakDown(
                    PostgresError(
                        .connection, "no answer within \(longest), in which the server should have given up by itself",
                        isKnownNotApplied: isKnownNotApplied))
                return nil
            }
            // Nobody else uses this thread, so that it may block in libpq.
            if environment.pulse.isSilent(handle.server, age: environment.silenceTimeout) {
                breakDown(
                    PostgresError(
                        .connection, "the server has stopped answering, this session and new ones",
                        isKnownNotApplied: isKnownNotApplied))
                return nil
            }
        }
    }

    /// How long the flight under way may take if the server ends each of its statements in time.
    private var longestSilence: Duration? {
        guard let statementsDue, environment.statementTimeout > .zero, !environment.parameters.hasOwnStatementTimeout
        else { return nil }
        return environment.statementTimeout * statementsDue + environment.silenceTimeout
    }
}
