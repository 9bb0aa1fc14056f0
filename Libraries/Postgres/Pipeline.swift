/// Several statements that travel in one flight: one round trip, one implicit transaction.
///
/// Either all of them take effect or none: the first error makes the server skip the rest and undo what came before
/// (https://www.postgresql.org/docs/15/libpq-pipeline-mode.html). Do not write `BEGIN` or `COMMIT` into a pipeline; use
/// ``PostgresPool/transaction(_:)``. Values are encoded when they are added, into one contiguous buffer.
public struct Pipeline: Sendable {
    struct Step: Sendable {
        let statement: Statement
        let parameters: Range<Int>
    }

    private(set) var steps: [Step] = []
    private(set) var parameters = ParameterArena()
    /// The first value that could not be encoded; thrown when the pipeline is run, before anything is sent.
    private(set) var failure: PostgresError?

    /// An empty pipeline.
    public init() {}

    /// The number of statements added so far.
    public var count: Int { steps.count }

    /// Whether nothing was added yet.
    public var isEmpty: Bool { steps.isEmpty }

    /// Adds a statement with the values of its parameters `$1`, `$2`, ….
    ///
    /// A value that cannot be encoded (text with NUL, more than 1 GiB) makes running the pipeline throw
    /// ``PostgresError/Code/invalidParameter``; nothing of the pipeline is sent then.
    public mutating func add<each P: PostgresEncodable>(_ statement: Statement, _ values: repeat each P) {
        let first = parameters.count
        repeat parameters.append(each values)
        steps.append(Step(statement: statement, parameters: first..<parameters.count))
        if failure == nil, let refused = parameters.refusal {
            failure = PostgresError(
                .invalidParameter,
                "parameter $\(refused.parameter - first + 1) \(refused.reason)",
                statementName: statement.name
            )
        }
    }

    /// Gives an encoding error of any value, so that nothing is sent.
    func checked() throws(PostgresError) -> Pipeline {
        if let failure { throw failure }
        return self
    }
}
