internal import CLibPQ

/// COPY … FROM STDIN: a beginning, data, an end; each is a flight of its own, and pipeline mode is off in between.
extension ConnectionDriver {
    func beginCopy(_ sql: String) -> Flight.Outcome {
        guard !isCopying else { return .failure(PostgresError(.unsupported, "a COPY inside a COPY")) }
        guard handle.exitPipelineMode(), handle.sendSimple(sql) else { return lost() }
        var failure: PostgresError?
        let isWhole = exchange { result in
            guard let result else { return .finished }
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_COPY_IN:
                isCopying = true
                return .finished
            case PGRES_COPY_OUT, PGRES_COPY_BOTH:
                return .violation(PostgresError(.unsupported, "only COPY … FROM STDIN is supported"))
            default:
                failure = failure ?? PostgresError(result: result, statementName: "copy")
                return .more
            }
        }
        guard isWhole else { return .failure(breakage ?? Self.disagreement("COPY did not begin")) }
        guard !isCopying else { return .success([]) }
        guard handle.enterPipelineMode() else { return lost() }
        return .failure(failure ?? Self.disagreement("COPY did not begin"))
    }

    func sendCopy(_ bytes: [UInt8]) -> Flight.Outcome {
        guard isCopying else { return .failure(PostgresError(.unsupported, "COPY data without a COPY")) }
        guard handle.putCopyData(bytes) else { return lost() }
        return flushAll() ? .success([]) : lost()
    }

    /// Ends COPY and gives its result, whose `affectedRows` counts the rows.
    func endCopy(abortingBecause reason: String?) -> Flight.Outcome {
        guard isCopying else { return .failure(PostgresError(.unsupported, "the end of a COPY without a COPY")) }
        isCopying = false
        guard handle.putCopyEnd(abortingBecause: reason) else { return lost() }
        var results: [QueryResult] = []
        var failure: PostgresError?
        let isWhole = exchange { result in
            guard let result else { return .finished }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK:
                results.append(QueryResult(handle: ResultHandle(result, statementName: "copy")))
            default:
                failure = failure ?? PostgresError(result: result, statementName: "copy")
                PQclear(result)
            }
            return .more
        }
        guard isWhole, handle.enterPipelineMode() else { return lost() }
        return failure.map(Flight.Outcome.failure) ?? .success(results)
    }
}
