import Contracts
import JSON
import Postgres
import Sources

/// A request that is being turned into runs.
public struct ExpandableRequest: Sendable {
    /// The request.
    public let id: ActivityRequestID
    /// The tenant.
    public let org: OrgID
    /// The trace of whoever asked; nil when they gave none.
    public let trace: TraceContext?
    /// The type of its objects.
    public let objectType: ObjectTypeID
    /// What is asked for, as JSON.
    public let content: JSONB
    /// True when nobody has checked the content yet: it came by plain SQL.
    public let isUnchecked: Bool
    /// True when it came by plain SQL without a deadline.
    public let hasNoDeadline: Bool
    /// How many of its objects have runs already.
    public let objectsExpanded: Int
    /// What its activity asks of requests; nil when no request of its type can be run.
    public let terms: ActivityTerms?
    /// Whether its objects come from the steps before it in its workflow, instead of from its content.
    public let gathersObjects: Bool
    /// Whether all of its runs are made.
    public internal(set) var isExpanded = false
    /// How many of them were made with its claim.
    public internal(set) var runsMade = 0
    /// The sources that are asked about each object, or once for objects, in the order of their activity, with the variables that their
    /// templates must have values of.
    public let sources: [Source]

    /// A source that is asked.
    public struct Source: Sendable {
        /// The source.
        public let id: SourceID
        /// How many runs one exchange may serve.
        public let runsPerExchange: Int
        /// Variables without a default, but for secrets and what the executor knows by itself.
        public let requiredVariables: [String]
    }

    /// The request as hints and logs speak of it.
    public var reference: RequestReference { RequestReference(id: id, org: org, trace: trace) }
}

/// What a request comes to when it is expanded.
public enum Expansion: Sendable {
    /// Runs about the objects that it names; the first chunk of them that is not stored yet, nil when there is none left.
    case objects(count: Int, first: ExpansionChunk?)
    /// Runs that find objects: one for each source.
    case finding([FindingRun])
    /// Runs about the objects that flow to it: for as many of them as this at first.
    case gathering(objectsMax: Int)
}

/// A run that finds objects.
public struct FindingRun: Sendable {
    /// A new id.
    public let id: RunID
    /// The source that it asks.
    public let source: SourceID
    /// The variables of its template that have no value; the run is invalid when there are any.
    public let missing: [String]

    /// A run that finds objects.
    public init(id: RunID, source: SourceID, missing: [String]) {
        self.id = id
        self.source = source
        self.missing = missing
    }
}

/// A variable of a source's template that must have a value.
public struct TemplateNeed: Sendable, Hashable {
    /// The place of the source in ``ExpandableRequest/sources``, from 0.
    public let source: Int
    /// The name of the variable.
    public let variable: String

    /// A variable that a source's template needs.
    public init(source: Int, variable: String) {
        self.source = source
        self.variable = variable
    }
}

/// A run of consecutive objects of a request.
public struct ExpansionChunk: Sendable {
    /// The place of the first object in the request, from 0.
    public let firstPosition: Int
    /// The objects' names.
    public let names: ArraySlice<String>
    /// New ids, one for each name; unused where the object exists.
    public let objectIDs: [ObjectID]
    /// New ids, one for each name and source: all names of the first source, then the second, ….
    public let runIDs: [RunID]
    /// Variables that must have a value of the object, by the place of their source.
    public let needs: [TemplateNeed]
    /// True for the last chunk of the request.
    public let isLast: Bool

    /// A chunk with the ids that it needs.
    public init(
        firstPosition: Int, names: ArraySlice<String>, objectIDs: [ObjectID], runIDs: [RunID],
        needs: [TemplateNeed] = [], isLast: Bool
    ) {
        self.firstPosition = firstPosition
        self.names = names
        self.objectIDs = objectIDs
        self.runIDs = runIDs
        self.needs = needs
        self.isLast = isLast
    }
}

/// Why a chunk was not stored: another worker has the request now.
public struct ExpansionLost: Error {}

extension ExpandableRequest {
    static func decode(_ row: Row, id: ActivityRequestID) throws(PostgresError) -> (Self, state: String) {
        let (
            org, type, content, isUnchecked, expanded, state, sources, sizes, traceparent, hasNoDeadline, kind, input,
            gathersObjects, needs
        ) =
            try row.decode(
                (
                    OrgID, ObjectTypeID, JSONB, Bool, Int32, String, [SourceID], [Int32], String?, Bool, String, JSONB,
                    Bool, [String]
                ).self)
        let request = ExpandableRequest(
            id: id, org: org, trace: traceparent.flatMap { TraceContext(parsing: $0) }, objectType: type,
            content: content, isUnchecked: isUnchecked, hasNoDeadline: hasNoDeadline,
            objectsExpanded: Int(expanded),
            terms: ActivityType(rawValue: kind).map { kind in
                ActivityTerms(type: kind, input: ActivityInput((try? JSONValue(parsing: input.bytes)) ?? [:]))
            },
            gathersObjects: gathersObjects,
            sources: zip(sources, zip(sizes, needs)).map { source, rest in
                Source(
                    id: source, runsPerExchange: Int(rest.0),
                    requiredVariables: rest.1.split(separator: " ").map(String.init))
            })
        return (request, state)
    }
}

extension Expansion {
    var objectCount: Int {
        if case .objects(let count, _) = self { count } else { 0 }
    }

    /// Nil when it is worked out as the objects are gathered.
    func plan(over sources: [ExpandableRequest.Source]) -> Plan? {
        switch self {
        case .objects(let count, _):
            Plan(
                runs: count * sources.count,
                calls: sources.reduce(0) { $0 + (count + $1.runsPerExchange - 1) / $1.runsPerExchange })
        case .finding(let runs): Plan(runs: runs.count, calls: runs.count)
        case .gathering: nil
        }
    }
}
