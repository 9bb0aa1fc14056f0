internal import CLibPQ

/// Scripts: many statements in one text, by the simple protocol.
extension ConnectionDriver {
    /// Runs all statements, or up to the first error. Unless the text says otherwise they are one transaction.
    func runScript(_ sql: String) -> Flight.Outcome {
        guard !isCopying else {
            return .failure(PostgresError(.unsupported, "a script while COPY is under way"))
        }
        guard handle.exitPipelineMode(), handle.sendSimple(sql) else { return lost() }
        var results: [QueryResult] = []
        var failure: PostgresError?
        let isWhole = exchange { result in
            guard let result else { return .finished }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                results.append(QueryResult(handle: ResultHandle(result, statementName: "script")))
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                PQclear(result)
                return .violation(PostgresError(.unsupported, "COPY is not a statement of a script: use copyIn"))
            default:
                failure = failure ?? PostgresError(result: result, statementName: "script")
                PQclear(result)
            }
            return .more
        }
        guard isWhole, handle.enterPipelineMode() else {
            let error = breakage ?? Self.disagreement("pipeline mode was refused")
            breakDown(error)
            // A script can hold transactions of its own, so an error in it does not say what became of the part before.
            return .failure(error.with { $0.sqlState = failure?.sqlState })
        }
        // The script may have dropped prepared statements (DISCARD ALL); 26000 repairs that at the next use.
        return failure.map(Flight.Outcome.failure) ?? .success(results)
    }

    func lost() -> Flight.Outcome {
        let error = PostgresError(.connection, handle.errorMessage, isKnownNotApplied: false)
        breakDown(error)
        return .failure(breakage ?? error)
    }
}
