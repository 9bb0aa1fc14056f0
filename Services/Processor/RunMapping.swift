import Contracts
import Mapping
import Postgres
import Store

/// What one answer means for the runs of its exchange. Pure.
struct RunMapping {
    let mapper: Mapper
    let mapping: SourceMapping

    /// Maps an answer once: for each of its runs the values of its object, or why there are none.
    func map(_ fetched: FetchedAnswer) -> [ProcessedRun] {
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
        if answer.objects.count == 1, !mapping.isAboutMany {
            return fetched.runs.map { process($0, answer.objects[0], of: answer) }
        }
        // Of two objects with one name the first counts.
        let objects = Dictionary(answer.objects.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        return fetched.runs.map { process($0, objects[$0.objectName], of: answer) }
    }

    /// - Parameter object: the part of the answer that is about the run's object, when there is one.
    private func process(_ run: FetchedRun, _ object: MappedObject?, of answer: MappedAnswer) -> ProcessedRun {
        guard let object else {
            return ProcessedRun(run: run, succeeded: true, substate: "no_data", reason: Self.absence(run, answer))
        }
        let values = object.values.map { value in
            (datapoint: mapping.datapoints[value.datapoint], json: JSONB(Array(value.json)))
        }
        return ProcessedRun(
            run: run, succeeded: true, substate: values.isEmpty ? "no_data" : nil,
            reason: values.isEmpty ? "the answer holds none of the mapped values" : conversionFailures(answer),
            values: values)
    }

    private static func absence(_ run: FetchedRun, _ answer: MappedAnswer) -> String {
        answer.objects.isEmpty
            ? "the answer names no object where the mapping looks for one"
            : "the answer names \(answer.objects.count) objects, but not this one"
    }

    private func conversionFailures(_ answer: MappedAnswer) -> String? {
        guard let first = answer.failures.first else { return nil }
        let others = answer.failureCount - 1
        return others > 0 ? "\(first); \(others) more like it" : "\(first)"
    }
}
