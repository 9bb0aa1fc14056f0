import Contracts
public import Mapping
import Postgres
public import Store

/// Maps raw answers to what they mean for their runs, each with the mapping of its source. It stores nothing.
public struct AnswerMapper: Sendable {
    /// An object's name has at most the bytes that a request may name it with. Names and values are as many as an answer of the usual size
    /// may hold about the 100,000 objects that a request may find.
    public static let limits = MappingLimits(
        matchesMax: 500_000, objectNameBytesMax: ActivityRequestBody.Limits().nameBytesMax)

    private let mappings: MappingCache

    /// A mapper that finds its mappings here.
    public init(mappings: MappingCache) {
        self.mappings = mappings
    }

    /// Maps answers: for each of their runs what came of it.
    @Sendable public func map(_ answers: [FetchedAnswer]) async throws -> [ProcessedRun] {
        var compiled: [Shape: RunMapping] = [:]
        var processed: [ProcessedRun] = []
        processed.reserveCapacity(answers.count)
        for answer in answers.flatMap(\.byMapping) {
            let first = answer.runs.first
            let key = MappingCache.Key(
                source: answer.source, objectType: first?.objectType, replacement: first?.mapping)
            let shape = Shape(key: key, isPaged: answer.pages != nil)
            if compiled[shape] == nil {
                do {
                    let mapping = try await mappings.mapping(of: key, version: answer.sourceVersion)
                    let plan = shape.isPaged ? mapping.pagedPlan : mapping.plan
                    compiled[shape] = RunMapping(mapper: Mapper(plan, limits: Self.limits), mapping: mapping)
                } catch let error
                    where !(error is PostgresError || error is CancellationError || error is MappingReplaced)
                {
                    // One source's fault must not hold up the others.
                    processed += answer.runs.map { run in
                        ProcessedRun(
                            run: run, succeeded: false, substate: "mapping",
                            reason: "the source's mapping cannot be used: \(error)")
                    }
                    continue
                }
            }
            if let mapping = compiled[shape] { processed += mapping.map(answer) }
        }
        return processed
    }
}

/// What is mapped alike.
private struct Shape: Hashable {
    let key: MappingCache.Key
    let isPaged: Bool
}

extension FetchedAnswer {
    /// The answer for its runs about objects of each type, by the mappings that their requests are given. Mostly there is one such group.
    fileprivate var byMapping: [FetchedAnswer] {
        func group(_ run: FetchedRun) -> MappingCache.Key {
            MappingCache.Key(source: source, objectType: run.objectType, replacement: run.mapping)
        }
        guard let first = runs.first.map(group), runs.contains(where: { group($0) != first }) else { return [self] }
        return Dictionary(grouping: runs, by: group).values.map { runs in
            var answer = self
            answer.runs = runs
            return answer
        }
    }
}
