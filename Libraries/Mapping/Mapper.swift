import JSON

/// Maps one source's answers to objects and values, all datapoints in one pass over each document.
///
/// A mapper keeps its buffers from answer to answer; use one per thread or task. Mappers of several sources may share a
/// parser.
public final class Mapper {
    private let plan: MappingPlan
    private let limits: MappingLimits
    private let parser: JSONParser
    private var walk = PatternWalk()
    private var assembly = AnswerAssembly()

    /// Creates a mapper for a plan.
    public init(_ plan: MappingPlan, limits: MappingLimits = MappingLimits(), parser: JSONParser? = nil) {
        self.plan = plan
        self.limits = limits
        self.parser = parser ?? JSONParser(limits: limits.json)
    }

    /// Maps one answer.
    ///
    /// **Which value belongs to which object.** Every match has a path of keys and indexes. A value belongs to the object with which it
    /// shares the longest beginning of its path; of several such objects to the nearest, that is those with the fewest further
    /// steps; of several equally near ones (a currency given once for a whole list) to each. But records do not inherit from their
    /// neighbours: where the paths part at two elements of an array, or at two members that `*` stands for, the value belongs to a
    /// record whose object was not found, and to no other. Such values are counted in ``MappedAnswer/unassignedCount``. Without object
    /// patterns everything belongs to the one unnamed object.
    ///
    /// **Several matches** of one datapoint for one object become a JSON array, in document order.
    ///
    /// **Missing is absent, null is null**: a datapoint without a match has no value, one whose matches are all `null` has the value
    /// `null` (in an array if they are several).
    ///
    /// **Repeated keys**: the last counts, as in `jsonb`.
    ///
    /// - Throws: ``MappingError``. What is not mapped cannot fail an answer, unless it is not JSON.
    public func map(_ answer: UnsafeRawBufferPointer) throws(MappingError) -> MappedAnswer {
        let tape: JSONTape
        do throws(JSONError) {
            tape = try parser.unsafeTape(of: answer)
        } catch {
            throw MappingError(error)
        }
        defer { parser.giveBackMemory(after: answer.count) }
        guard walk.run(plan.trie, over: tape, matchesMax: limits.matchesMax) else {
            throw MappingError(tooManyMatchesMax: limits.matchesMax)
        }
        return try assembly.assemble(walk, of: tape, plan: plan, limits: limits)
    }

    /// Maps one answer; see ``map(_:)-(UnsafeRawBufferPointer)``.
    public func map(_ answer: [UInt8]) throws(MappingError) -> MappedAnswer {
        let result = answer.withUnsafeBytes { buffer in
            Result { () throws(MappingError) in try map(buffer) }
        }
        return try result.get()
    }
}

@available(*, unavailable)
extension Mapper: Sendable {}

extension MappingError {
    init(tooManyMatchesMax maximum: Int) {
        let reason = "the paths match more than \(maximum) places of the answer; narrow them or raise the maximum"
        self.init(code: .tooManyMatches, offset: 0, path: "$", reason: reason)
    }
}
