import Contracts
import JSON
import Mapping
import Postgres
import Store

/// What one answer means for the runs of its exchange. Pure.
struct RunMapping {
    private let mapper: Mapper
    private let mapping: SourceMapping

    /// - Parameter mapper: of one of the mapping's plans.
    init(mapper: Mapper, mapping: SourceMapping) {
        self.mapper = mapper
        self.mapping = mapping
    }

    /// Maps an answer once: for each of its runs the values of its object, or why there are none.
    func map(_ fetched: FetchedAnswer) -> [ProcessedRun] {
        if fetched.isGone {
            return fetched.runs.map { run in
                ProcessedRun(
                    run: run, succeeded: false, substate: "empty",
                    reason: "the stored answer is gone; retry the run to ask the API again")
            }
        }
        if let reason = fetched.noData {
            return fetched.runs.map { ProcessedRun(run: $0, succeeded: true, substate: "no_data", reason: reason) }
        }
        if mapping.plan.objects.isEmpty, fetched.runs.contains(where: { $0.finding != nil }) {
            return fetched.runs.map { run in
                ProcessedRun(
                    run: run, succeeded: false, substate: "mapping",
                    reason: "the source does not say where an answer names each object; add object_source to it")
            }
        }
        let answer: MappedAnswer
        do {
            answer = try mapper.map(fetched.body)
        } catch {
            return fetched.runs.map { run in
                ProcessedRun(
                    run: run, succeeded: false, substate: error.code.rawValue,
                    reason: "the answer cannot be used: \(error.reason)")
            }
        }
        if fetched.runs.contains(where: { $0.finding != nil }) { return fetched.runs.map { find($0, in: answer) } }
        // What the exchange was for decides, too: since then the source may have been changed to one object a call.
        let isAboutMany = mapping.isAboutMany || fetched.runsOfExchange > 1 && !mapping.plan.objects.isEmpty
        if answer.objects.count == 1, !isAboutMany {
            return fetched.runs.map { process($0, answer.objects[0], of: answer) }
        }
        // Of two objects with one name the first counts.
        let objects = Dictionary(
            answer.objects.map { ($0.name.map(ExactText.init), $0) }, uniquingKeysWith: { first, _ in first })
        var isFirst = true
        return fetched.runs.map { run in
            let object = objects[ExactText(run.objectName)]
            defer { if object == nil { isFirst = false } }
            return process(run, object, of: answer, isFirst: isFirst)
        }
    }

    /// - Parameters:
    ///   - object: the part of the answer that is about the run's object, when there is one.
    ///   - isFirst: whether no run before it lacked its object.
    private func process(
        _ run: FetchedRun, _ object: MappedObject?, of answer: MappedAnswer, isFirst: Bool = true
    ) -> ProcessedRun {
        guard let object else {
            // What is wrong with names concerns all runs of the exchange; it is kept with the first.
            return ProcessedRun(
                run: run, succeeded: true, substate: "no_data", reason: Self.absence(run, answer),
                failures: isFirst ? failures(answer.failures) : [])
        }
        let values = object.values.map(stored)
        let misfits = Self.sentence(object.failures, count: object.failureCount)
        if values.isEmpty {
            return ProcessedRun(
                run: run, succeeded: true, substate: "no_data",
                reason: misfits ?? "the answer holds none of the mapped values",
                failures: failures(object.failures))
        }
        return ProcessedRun(
            run: run, succeeded: true, substate: misfits == nil ? nil : "type_mismatch", reason: misfits,
            values: values, originals: object.originals.map(stored), failures: failures(object.failures),
            bytesGained: object.digitsGained
        )
    }

    private func stored(_ value: MappedValue) -> (datapoint: DatapointID, json: JSONB) {
        (datapoint: mapping.datapoints[value.datapoint], json: JSONB(Array(value.json)))
    }

    private func failures(_ failures: [ConversionFailure]) -> [FailedConversion] {
        failures.map { failure in
            FailedConversion(
                datapoint: failure.datapoint.map { mapping.datapoints[$0] }, path: failure.path, found: failure.found,
                reason: failure.reason)
        }
    }

    /// Every object that the answer names.
    private func find(_ run: FetchedRun, in answer: MappedAnswer) -> ProcessedRun {
        let findings = answer.objects.compactMap { object in
            object.name.map { name in
                FoundObject(
                    name: name,
                    values: object.values.map(stored), originals: object.originals.map(stored),
                    note: Self.sentence(object.failures, count: object.failureCount), bytesGained: object.digitsGained)
            }
        }
        let misfitting = answer.failures + answer.objects.flatMap(\.failures)
        let kept = failures(Array(misfitting.prefix(MappedAnswer.failuresMax)))
        let misfits = Self.sentence(
            misfitting,
            count: answer.objects.reduce(answer.failureCount) { $0 + $1.failureCount })
        if findings.isEmpty {
            return ProcessedRun(
                run: run, succeeded: true, substate: "no_data",
                reason: misfits ?? "the answer names no object where the mapping looks for one", failures: kept)
        }
        return ProcessedRun(
            run: run, succeeded: true, substate: misfits == nil ? nil : "type_mismatch", reason: misfits,
            failures: kept, findings: findings)
    }

    private static func absence(_ run: FetchedRun, _ answer: MappedAnswer) -> String {
        let absence =
            answer.objects.isEmpty
            ? "the answer names no object where the mapping looks for one"
            : "the answer names \(Quantity(answer.objects.count, "object")), but not this one"
        // One of these may have been meant to be this object.
        return [absence, sentence(answer.failures, count: answer.failureCount)].compactMap(\.self).joined(
            separator: "; ")
    }

    /// The first of some failures, and how many more there are.
    private static func sentence(_ failures: [ConversionFailure], count: Int) -> String? {
        guard let first = failures.first else { return nil }
        return count > 1 ? "\(first); \(count - 1) more like it" : "\(first)"
    }
}
