/// Matches what the server sends to what was sent, for one flight. Pure: knows nothing of libpq.
///
/// The server answers in order. Each entry gets one outcome and then an end; after an error every entry is skipped until the sync,
/// which comes once and ends the flight (https://www.postgresql.org/docs/15/libpq-pipeline-mode.html).
struct PipelineStateMachine<Output> {
    /// What one entry of the flight was.
    enum Entry {
        /// A preparation; its success is reported by `.prepared`.
        case prepare(StatementCache.Key)
        /// A statement of the module (BEGIN, COMMIT, DEALLOCATE) whose result nobody wants.
        case control(name: String)
        /// A statement of the caller. `key` if it was executed from the cache.
        case statement(name: String, key: StatementCache.Key?)
    }

    enum Event {
        case output(Output)
        case error(PostgresError)
        case skipped
        case end
        case sync
    }

    enum Action {
        case none
        case prepared(StatementCache.Key)
        /// The flight is over.
        case finished
        /// The server and this end disagree about what is going on: the connection is of no more use.
        case violation(String)
    }

    private enum State {
        /// Waits for the outcome of the next entry, or for the sync when there is none. Exits: `awaitingEnd`, `finished`.
        case awaitingOutcome
        /// The entry has its outcome. Exits: `awaitingOutcome`.
        case awaitingEnd
        /// The sync has come. No exits.
        case finished
    }

    private var entries: [Entry] = []
    private var position = 0
    private var state = State.awaitingOutcome
    private(set) var outputs: [Output] = []
    /// The first error, and the entry that it belongs to.
    private(set) var failure: PostgresError?
    private(set) var failedEntry: Entry?

    mutating func sent(_ entry: Entry) {
        entries.append(entry)
    }

    /// Name of the entry that is being answered.
    var currentName: String {
        guard position < entries.count else { return "" }
        return switch entries[position] {
        case .prepare(let key): key.statement.name
        case .control(let name), .statement(let name, _): name
        }
    }

    mutating func receive(_ event: Event) -> Action {
        switch (state, event) {
        case (.awaitingOutcome, .sync) where position == entries.count:
            state = .finished
            return .finished
        case (.awaitingOutcome, .output(let output)) where position < entries.count:
            state = .awaitingEnd
            return accept(output)
        case (.awaitingOutcome, .error(let error)):
            // An error can also belong to the sync, when a deferred check fails at the implicit commit.
            if failure == nil { fail(error) }
            if position < entries.count { state = .awaitingEnd }
            return .none
        case (.awaitingOutcome, .skipped) where position < entries.count:
            state = .awaitingEnd
            return .none
        case (.awaitingEnd, .end):
            state = .awaitingOutcome
            position += 1
            return .none
        case (.awaitingOutcome, .end):
            return .none
        default:
            return .violation("unexpected answer in pipeline mode at \(position) of \(entries.count) in \(state)")
        }
    }

    private mutating func fail(_ error: PostgresError) {
        failure = error
        if position < entries.count { failedEntry = entries[position] }
    }

    private mutating func accept(_ output: Output) -> Action {
        switch entries[position] {
        case .prepare(let key): return .prepared(key)
        case .control: return .none
        case .statement:
            outputs.append(output)
            return .none
        }
    }
}
