internal import CLibPQ
internal import Logging

/// Statements in pipeline mode: everything of a flight is appended to libpq's buffer, then one sync, then the answers are read.
extension ConnectionDriver {
    private static let begin = Statement("transaction.begin", "BEGIN")
    private static let commit = Statement("transaction.commit", "COMMIT")
    private static let rollback = Statement("transaction.rollback", "ROLLBACK")

    func fly(_ pipeline: Pipeline, begins: Bool, commits: Bool) -> Flight.Outcome {
        let isOpen = !handle.isIdle || begins
        let attempt = attempt(pipeline, begins: begins, commits: commits)
        guard case .failure(let error) = attempt.outcome, forgetStale(attempt.failedKey, error) else {
            return attempt.outcome
        }
        // The session's statement was out of date and the server has undone the flight. Inside an open transaction only the
        // caller can begin again; otherwise nobody needs to know.
        guard !isOpen, breakage == nil, handle.isIdle else {
            return .failure(error.with { $0.isStaleStatement = true })
        }
        return self.attempt(pipeline, begins: false, commits: false).outcome
    }

    func rollBack() -> Flight.Outcome {
        if isCopying { _ = endCopy(abortingBecause: "the transaction was rolled back") }
        if let breakage { return .failure(breakage) }
        var flight = PipelineStateMachine<QueryResult>()
        guard sendControl(Self.rollback, in: &flight), handle.sendSync() else { return brokenWhileSending() }
        statementsDue = 1
        defer { statementsDue = nil }
        return receive(&flight, isUndone: true)
    }

    private func attempt(
        _ pipeline: Pipeline, begins: Bool, commits: Bool
    ) -> (outcome: Flight.Outcome, failedKey: StatementCache.Key?) {
        guard !isCopying else {
            return (.failure(PostgresError(.unsupported, "a statement while COPY is under way")), nil)
        }
        let isOpen = !handle.isIdle || begins
        var flight = PipelineStateMachine<QueryResult>()
        guard
            !begins || sendControl(Self.begin, in: &flight),
            send(pipeline, in: &flight),
            !commits || sendControl(Self.commit, in: &flight),
            handle.sendSync()
        else { return (brokenWhileSending(), nil) }
        environment.counters.executed(pipeline.count)
        // With those that prepare, begin and commit.
        statementsDue = pipeline.count * 2 + 2
        defer { statementsDue = nil }
        let outcome = receive(&flight, isUndone: isOpen && !commits)
        cache.flightEnded()
        if handle.isIdle, !cache.discarded.isEmpty { deallocateDiscarded() }
        if case .statement(_, let key) = flight.failedEntry { return (outcome, key) }
        return (outcome, nil)
    }

    // MARK: Sending

    private func send(_ pipeline: Pipeline, in flight: inout PipelineStateMachine<QueryResult>) -> Bool {
        let parameters = pipeline.parameters
        var offset = 0
        for step in pipeline.steps {
            guard send(step, of: parameters, offset: offset, in: &flight) else { return false }
            for index in step.parameters { offset += Int(max(parameters.lengths[index], 0)) }
        }
        return true
    }

    private func send(
        _ step: Pipeline.Step, of parameters: ParameterArena, offset: Int,
        in flight: inout PipelineStateMachine<QueryResult>
    ) -> Bool {
        guard cache.capacity > 0 else {
            flight.sent(.statement(name: step.statement.name, key: nil))
            return handle.sendUnprepared(
                sql: step.statement.sql, parameters, step.parameters, offset: offset, &pointers)
        }
        let key = StatementCache.Key(statement: step.statement, types: parameters.types[step.parameters])
        guard let (name, staleKey) = prepare(key, in: &flight) else { return false }
        flight.sent(.statement(name: step.statement.name, key: staleKey))
        return handle.sendPrepared(name: name, parameters, step.parameters, offset: offset, &pointers)
    }

    /// Sends a statement of this module, without parameters.
    private func sendControl(_ statement: Statement, in flight: inout PipelineStateMachine<QueryResult>) -> Bool {
        flight.sent(.control(name: statement.name))
        return handle.sendUnprepared(sql: statement.sql)
    }

    /// The name to execute a statement by; sends its preparation if the session lacks it. The key comes along if the statement was
    /// prepared in an earlier flight and so can be out of date.
    private func prepare(
        _ key: StatementCache.Key, in flight: inout PipelineStateMachine<QueryResult>
    ) -> (name: String, staleKey: StatementCache.Key?)? {
        switch cache.answer(for: key) {
        case .prepared(let name): return (name, key)
        case .pending(let name): return (name, nil)
        case .missing(let name):
            flight.sent(.prepare(key))
            let isSent = handle.sendPrepare(name: name, sql: key.statement.sql, types: key.types)
            return isSent ? (name, nil) : nil
        }
    }

    private func brokenWhileSending() -> Flight.Outcome {
        // Part of it may have left already: libpq flushes while it appends.
        let error = PostgresError(.connection, handle.errorMessage, isKnownNotApplied: false)
        breakDown(error)
        return .failure(error)
    }

    // MARK: Receiving

    /// - Parameter isUndone: whether losing the session is known to undo the flight, because its transaction stays open.
    private func receive(
        _ flight: inout PipelineStateMachine<QueryResult>, isUndone: Bool
    ) -> Flight.Outcome {
        var silent = 0
        let isWhole = exchange { result in
            silent = result == nil ? silent + 1 : 0
            guard silent < Self.silentResultsMax else { return .violation(Self.disagreement("results without end")) }
            if let refusal = Self.refusalOfCopy(result, flight.currentName) { return .violation(refusal) }
            switch flight.receive(event(of: result, in: flight)) {
            case .none: return .more
            case .prepared(let key):
                cache.confirm(key)
                return .more
            case .finished: return .finished
            case .violation(let reason): return .violation(Self.disagreement(reason))
            }
        }
        if isWhole { return flight.failure.map(Flight.Outcome.failure) ?? .success(flight.outputs) }
        // The server's own error at a statement means that it has undone the flight, even if the session ended with it.
        let lastWords = flight.failure?.sqlState == nil ? nil : flight.failure
        let isKnown = isUndone || (lastWords != nil && flight.failedEntry != nil)
        let error = (breakage ?? Self.disagreement("lost without a reason")).with {
            $0.isKnownNotApplied = $0.isKnownNotApplied || isKnown
            $0.sqlState = lastWords?.sqlState
            $0.message = lastWords?.message ?? $0.message
        }
        return .failure(error)
    }

    /// COPY ends pipeline mode's rules. The server waits for data then, so only giving the session up helps.
    private static func refusalOfCopy(_ result: OpaquePointer?, _ name: String) -> PostgresError? {
        switch PQresultStatus(result) {
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            PQclear(result)
            return PostgresError(
                .unsupported, "COPY is not a statement of a pipeline: use copyIn", statementName: name)
        default: return nil
        }
    }

    /// PQgetResult gives one NULL between entries; more in a row mean that nothing is under way.
    private static let silentResultsMax = 3

    static func disagreement(_ reason: String) -> PostgresError {
        PostgresError(.connection, "protocol: \(reason)", isKnownNotApplied: false)
    }

    private func event(
        of result: OpaquePointer?, in flight: PipelineStateMachine<QueryResult>
    ) -> PipelineStateMachine<QueryResult>.Event {
        guard let result else { return .end }
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            let output = QueryResult(handle: ResultHandle(result, statementName: flight.currentName))
            // COMMIT of a failed transaction succeeds, and rolls back.
            if flight.currentName == Self.commit.name, output.handle.commandTag == "ROLLBACK" {
                return .error(.failedTransactionCommitted)
            }
            return .output(output)
        case PGRES_PIPELINE_SYNC:
            PQclear(result)
            return .sync
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
            return .skipped
        default:
            defer { PQclear(result) }
            return .error(PostgresError(result: result, statementName: flight.currentName))
        }
    }

    // MARK: Cache

    /// Forgets a statement that the session does not have any more, or whose plan no longer fits its tables. False for other errors.
    private func forgetStale(_ key: StatementCache.Key?, _ error: PostgresError) -> Bool {
        guard let key else { return false }
        switch error.sqlState {
        case PostgresError.unknownStatement: cache.removeAll()
        case PostgresError.featureNotSupported: cache.discard(key)
        default: return false
        }
        return true
    }

    private func deallocateDiscarded() {
        var flight = PipelineStateMachine<QueryResult>()
        for name in cache.discarded {
            let statement = Statement("cache.deallocate", "DEALLOCATE \"\(name)\"")
            guard sendControl(statement, in: &flight) else {
                _ = brokenWhileSending()
                return
            }
        }
        guard handle.sendSync() else {
            _ = brokenWhileSending()
            return
        }
        cache.deallocated()
        if case .failure(let error) = receive(&flight, isUndone: true) {
            environment.logger.debug(
                "Statements were not deallocated.", metadata: ["error": .string(error.description)])
        }
    }
}
